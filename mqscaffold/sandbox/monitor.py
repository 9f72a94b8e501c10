# ruff: noqa: N802  # the methods of a gRPC service have the names of its calls
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false
# pyright: reportUnknownParameterType=false
# Pulumi's proto modules and grpc have no usable types; every value that leaves this file has one.
"""The two services that a Pulumi program talks to: `ResourceMonitor` and `Engine`.

One `Monitor` serves one run.  It hands registrations to providers and keeps what they answer.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from mqscaffold.sandbox.deployment import (
    STACK_TYPE,
    Log,
    Resource,
    Severity,
)
from mqscaffold.sandbox.provider_client import ProviderClient, ProviderError, ProviderFactory
from mqscaffold.sandbox.wire import (
    UNKNOWN,
    Props,
    Secret,
    from_struct,
    has_unknown,
    mark_like,
    plain,
    secret_texts,
    to_struct,
)

_SEVERITIES: tuple[Severity, ...] = ("debug", "info", "warning", "error")
_PROVIDERS = "pulumi:providers:"
_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True)
class StackSettings:
    """What the program is told about the stack it runs in.

    `config` holds full keys (`project:key`, `aws:region`) and texts; `secret_keys` says which of
    them are secret.  `references` holds the outputs of other stacks, by the name that a
    `StackReference` uses.
    """

    project: str
    stack: str = "dev"
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_keys: frozenset[str] = frozenset()
    references: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )


class _StopError(Exception):
    """Ends the program's call; the reason is already among the errors, or is given here."""


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """The two services of one run."""

    def __init__(
        self, settings: StackSettings, factories: Mapping[str, ProviderFactory], preview: bool
    ) -> None:
        self.settings = settings
        self.preview = preview
        self.resources: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self.logs: list[Log] = []
        self.errors: list[str] = []
        self._factories = factories
        self._clients: dict[str, ProviderClient] = {}
        self._hidden = {settings.config[key] for key in settings.secret_keys}
        self._root = ""
        self._lock = threading.RLock()

    # -- Engine: messages and the root resource

    def Log(self, request: Any, context: Any) -> Any:
        self.log(_SEVERITIES[request.severity], request.message, request.urn)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:
        return engine_pb2.RequirePulumiVersionResponse()

    # -- ResourceMonitor: what this engine can do

    _FEATURES = ("SECRETS", "RESOURCE_REFERENCES", "ALIAS_SPECS", "DELETED_WITH")

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        known = [
            getattr(resource_pb2, f"RESOURCE_MONITOR_FEATURE_{name}") for name in self._FEATURES
        ]
        return resource_pb2.DeploymentInfo(
            project=self.settings.project,
            stack=self.settings.stack,
            organization="organization",
            dryRun=self.preview,
            supportedFeatures=known,
        )

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        # Asked by programs with an SDK from before GetDeploymentInfo.
        known = ("secrets", "resourceReferences", "aliasSpecs", "deletedWith")
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in known)

    def RegisterPackage(self, request: Any, context: Any) -> Any:
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    # -- ResourceMonitor: resources

    def RegisterResource(self, request: Any, context: Any) -> Any:
        with _Blame(self, context, f"{request.type} resource '{request.name}'"):
            resource = self._register(request)
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=resource.id, object=to_struct(resource.outputs)
        )

    def ReadResource(self, request: Any, context: Any) -> Any:
        with _Blame(self, context, f"{request.type} resource '{request.name}'"):
            resource = self._read(request, request.id, external=True)
            self._keep(resource)
        return resource_pb2.ReadResourceResponse(
            urn=resource.urn, id=resource.id, properties=to_struct(resource.outputs)
        )

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        outputs = from_struct(request.outputs)
        self._hide(outputs)
        with self._lock:
            resource = self.resources.get(request.urn)
            if resource is not None:
                self.resources[request.urn] = replace(resource, outputs=outputs)
                if resource.type == STACK_TYPE:
                    self.outputs = outputs
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        # A refused function is the program's to handle, so it is answered, not recorded.
        args = from_struct(request.args)
        try:
            client = self._client(request.tok.split(":")[0], request.provider, request.version)
            result, failures = client.invoke(request.tok, args, self.preview)
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
            raise AssertionError("abort returned") from None
        refused = [
            provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
            for failure in failures
        ]
        answer: dict[str, Any] = {"return": to_struct(result), "failures": refused}
        return resource_pb2.ResourceInvokeResponse(**answer)

    # -- the work behind them

    def log(self, severity: Severity, text: str, urn: str = "") -> None:
        """Keeps a message, with every secret value known so far replaced."""
        # Short texts (a "1", a "dev") would blacken half of the log and hide nothing.
        for hidden in sorted((h for h in self._hidden if len(h) > 3), key=len, reverse=True):
            text = text.replace(hidden, "[secret]")
        self.logs.append(Log(severity, text.rstrip(), urn))

    def _hide(self, props: Props) -> None:
        self._hidden.update(secret_texts(props))

    def _urn(self, request: Any) -> str:
        kind = request.type
        if request.parent:
            parent = request.parent.split("::")[2]
            if parent != STACK_TYPE:
                kind = f"{parent}${kind}"
        return f"urn:pulumi:{self.settings.stack}::{self.settings.project}::{kind}::{request.name}"

    def _keep(self, resource: Resource) -> None:
        with self._lock:
            self.resources[resource.urn] = resource

    def _register(self, request: Any) -> Resource:
        urn = self._urn(request)
        inputs = from_struct(request.object)
        self._hide(inputs)
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            provider=request.provider,
            inputs=inputs,
            outputs=inputs,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                key: tuple(sorted(deps.urns))
                for key, deps in sorted(request.propertyDependencies.items())
            },
            protect=request.protect,
            retain_on_delete=request.retainOnDelete,
        )
        with self._lock:
            if urn in self.resources:
                raise _StopError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
            self.resources[urn] = resource  # reserves the URN; the finished one replaces it
        try:
            if request.remote:
                raise _StopError(
                    "components written in another language need the real Pulumi command"
                )
            if request.type.startswith(_PROVIDERS):
                resource = self._configure(resource)
            elif request.custom and request.importId:
                resource = self._read(request, request.importId, external=False)
            elif resource.managed:
                resource = self._create(request, resource)
        except Exception:
            with self._lock:
                del self.resources[urn]
            raise
        self._keep(resource)
        return resource

    def _configure(self, resource: Resource) -> Resource:
        package = resource.type.removeprefix(_PROVIDERS)
        known = {k: v for k, v in resource.inputs.items() if not has_unknown(v)}
        self._clients[resource.urn] = self._start(package, known, resource.urn)
        # In a preview a provider that is still to be made has no id, as under Pulumi's engine.
        id_ = "" if self.preview else hashlib.sha256(resource.urn.encode()).hexdigest()[:16]
        return replace(resource, id=id_)

    def _create(self, request: Any, resource: Resource) -> Resource:
        client = self._client(
            request.type.split(":")[0], request.provider, request.version, resource
        )
        checked, failures = client.check(resource.urn, {}, resource.inputs, self._seed(resource))
        if failures:
            raise _StopError(*(_explain(f.property, f.reason, checked) for f in failures))
        if not self.preview and has_unknown(checked):
            raise _StopError("an input is not known although nothing is left to create before it")
        id_, outputs = client.create(resource.urn, checked, self.preview)
        for name in request.additionalSecretOutputs:
            if name in outputs:
                outputs[name] = Secret(plain(outputs[name]))
        inputs = cast("Props", mark_like(checked, resource.inputs))
        outputs = cast("Props", mark_like(outputs, inputs))
        provider = resource.provider or self._default(request.type.split(":")[0], request.version)
        return replace(resource, id=id_, inputs=inputs, outputs=outputs, provider=provider)

    def _seed(self, resource: Resource) -> bytes:
        """What automatic names are made from: the same in preview and update of one engine run,
        another in another stack.  Pulumi's own engine takes a random one."""
        return hashlib.sha256(resource.urn.encode()).digest()

    def _read(self, request: Any, id_: str, *, external: bool) -> Resource:
        inputs = from_struct(request.object if not external else request.properties)
        self._hide(inputs)
        resource = Resource(
            urn=self._urn(request),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=True,
            id=id_,
            external=external,
            provider=request.provider,
            inputs=inputs,
            dependencies=tuple(sorted(request.dependencies)),
        )
        if request.type == _REFERENCE:
            return replace(resource, outputs=self._reference(id_))
        if id_ == UNKNOWN:
            return replace(resource, id="", outputs={})
        client = self._client(request.type.split(":")[0], request.provider, request.version)
        found = client.read(resource.urn, id_, {} if external else inputs)
        if found is None:
            raise _StopError(f"resource '{id_}' does not exist")
        outputs = cast("Props", mark_like(found[1], inputs))
        return replace(resource, outputs=outputs)

    def _reference(self, name: str) -> Props:
        outputs = self.settings.references.get(name)
        if outputs is None:
            raise _StopError(f"unknown stack '{name}'")
        return {"name": name, "outputs": dict(outputs), "secretOutputNames": []}

    # -- providers

    def _client(
        self, package: str, reference: str, version: str, resource: Resource | None = None
    ) -> ProviderClient:
        """The explicit provider of a request, or the package's default one."""
        if reference:
            return self._clients[reference.rsplit("::", 1)[0]]
        urn = self._default(package, version)
        with self._lock:
            if urn not in self._clients:
                prefix = f"{package}:"
                config = {
                    key.removeprefix(prefix): value
                    for key, value in self.settings.config.items()
                    if key.startswith(prefix)
                }
                self._clients[urn] = self._start(package, config, urn)
                kind, name = urn.split("::")[2:]
                self.resources[urn] = Resource(urn, kind, name, "", True, "default", inputs=config)
            return self._clients[urn]

    def _default(self, package: str, version: str) -> str:
        name = f"default_{version.replace('.', '_')}" if version else "default"
        return (
            f"urn:pulumi:{self.settings.stack}::{self.settings.project}"
            f"::{_PROVIDERS}{package}::{name}"
        )

    def _start(self, package: str, config: Props, urn: str) -> ProviderClient:
        if package not in self._factories:
            known = ", ".join(sorted(self._factories))
            raise ProviderError(f"no provider for package '{package}' here; there is: {known}")
        return ProviderClient(self._factories[package](), config, urn)


def _explain(name: str, reason: str, inputs: Props) -> str:
    """Pulumi's own words for a refused property."""
    if not name:
        return reason
    value = json.dumps(inputs.get(name), default=str)
    shown = value if len(value) <= 80 else f"{value[:77]}..."
    return f"property {name} value {{{shown}}} has a problem: {reason}"


class _Blame:
    """Turns any failure inside it into one line about one resource, and ends the program.

    The program is answered UNAVAILABLE, as by Pulumi's own engine when it shuts down: the SDK then
    stops quietly, and the reason is shown once, by the engine.
    """

    def __init__(self, monitor: Monitor, context: Any, subject: str) -> None:
        self._monitor, self._context, self._subject = monitor, context, subject

    def __enter__(self) -> None:
        if self._monitor.errors:
            self._leave()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if isinstance(error, _StopError | ProviderError):
            reasons = [str(reason) for reason in error.args]
        else:
            reasons = [f"{type(error).__name__}: {error}"]
        for reason in reasons:
            line = f"{self._subject}: {' '.join(reason.split())}"
            self._monitor.errors.append(line)
            self._monitor.log("error", line)
        self._leave()

    def _leave(self) -> NoReturn:
        self._context.abort(grpc.StatusCode.UNAVAILABLE, "the deployment has failed")
        raise AssertionError("abort returned")
