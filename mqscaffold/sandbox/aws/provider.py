# ruff: noqa: N802  # the methods of a gRPC service have the names of its calls
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUntypedBaseClass=false
# Pulumi's proto modules and grpc have no usable types; the kinds behind this file are typed.
"""The `aws` resource provider as a gRPC servicer.

It does not accept secrets, so it is handed plain values; the engine marks inputs and outputs of
the same name again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mqscaffold.errors import UserError
from mqscaffold.sandbox.aws import cloudwatch, iam, kms, sns, sqs
from mqscaffold.sandbox.aws.functions import FUNCTIONS
from mqscaffold.sandbox.aws.kind import Aws, GoneError, Kind, Refusal, Refusals, same
from mqscaffold.sandbox.process import require_loopback
from mqscaffold.sandbox.wire import UNKNOWN, Props, from_struct, plain, to_struct

VERSION = "7.51.1"
"""The release of the real provider whose inputs and defaults these are."""

KINDS: Mapping[str, Kind] = {
    kind.token: kind
    for kind in (
        sqs.Queue(),
        sqs.QueuePolicy(),
        sqs.RedrivePolicy(),
        sqs.RedriveAllowPolicy(),
        sns.Topic(),
        sns.TopicPolicy(),
        sns.TopicSubscription(),
        kms.Key(),
        kms.Alias(),
        iam.Role(),
        iam.RolePolicy(),
        iam.Policy(),
        iam.RolePolicyAttachment(),
        cloudwatch.MetricAlarm(),
    )
}

CONFIG_READS = frozenset(["region", "defaultTags", "endpoints", "allowedAccountIds"])
"""The provider settings that change what happens here."""


def _type(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


def _props(struct: Any) -> Props:
    return {key: plain(value) for key, value in from_struct(struct).items()}


def _json(value: Any) -> Any:
    """An explicit provider's arguments arrive as JSON texts."""
    return json.loads(value) if isinstance(value, str) else value


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One instance for one provider resource.

    Args:
        endpoint: the AWS API to use; the provider's own `endpoints` argument goes before it.
        root: key and secret of the account's root.  The emulator takes twelve digits as the
            number of the account.
    """

    def __init__(self, endpoint: str, root: tuple[str, str] = ("test", "test")) -> None:
        self._endpoint = endpoint
        self._root = root
        self._aws: Aws | None = None

    # -- life cycle

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        olds, news = _props(request.old_inputs), _props(request.news)
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        kind = "DIFF_SOME" if changed else "DIFF_NONE"
        return provider_pb2.DiffResponse(
            changes=getattr(provider_pb2.DiffResponse, kind),
            diffs=changed,
            replaces=[key for key in changed if key == "region"],
        )

    def Configure(self, request: Any, context: Any) -> Any:
        args = _props(request.args)
        tags = _json(args.get("defaultTags")) or {}
        endpoints = _json(args.get("endpoints")) or []
        named = [url for entry in endpoints for url in entry.values()]
        for url in named:
            try:
                require_loopback(url)
            except UserError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.message)
        self._aws = Aws(
            named[0] if named else self._endpoint,
            args.get("region") or "us-east-1",
            tags.get("tags") or {},
            self._root,
        )
        allowed = _json(args.get("allowedAccountIds")) or []
        if allowed:
            with _refusing(context):
                account = self._aws.client("sts").get_caller_identity()["Account"]
            if account not in allowed:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT, f"AWS account ID not allowed: {account}"
                )
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    # -- resources

    def Check(self, request: Any, context: Any) -> Any:
        kind = self._kind(request.urn, context)
        news, olds = _props(request.news), _props(request.olds)
        if kind.name and not news.get(kind.name):
            news[kind.name] = olds.get(kind.name) or _automatic_name(kind, news, request)
        for name, value in kind.defaults.items():
            if news.get(name) is None:
                news[name] = value
        failures = [
            provider_pb2.CheckFailure(property=refusal.property, reason=refusal.reason)
            for refusal in (*_unknown_inputs(kind, news), *kind.check(news))
        ]
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        kind = self._kind(request.urn, context)
        olds, news = _props(request.old_inputs), _props(request.news)
        changed = _changed(olds, news) - set(request.ignoreChanges)
        replaces = changed & kind.replaces
        diff = provider_pb2.PropertyDiff
        detailed: dict[str, Any] = {}
        for name in changed:
            step = "ADD" if olds.get(name) is None else "UPDATE"
            step = "DELETE" if news.get(name) is None else step
            suffix = "_REPLACE" if name in replaces else ""
            detailed[name] = diff(kind=getattr(diff, f"{step}{suffix}"), inputDiff=True)
        some = "DIFF_SOME" if changed else "DIFF_NONE"
        return provider_pb2.DiffResponse(
            changes=getattr(provider_pb2.DiffResponse, some),
            diffs=sorted(changed),
            replaces=sorted(replaces),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            # With the same physical name the old one must go first.
            deleteBeforeReplace=bool(replaces) and kind.name not in replaces,
        )

    def Create(self, request: Any, context: Any) -> Any:
        kind, props = self._kind(request.urn, context), _props(request.properties)
        if request.preview:
            outputs = {**self._with_tags(kind, props), **dict.fromkeys(kind.computed, UNKNOWN)}
            return provider_pb2.CreateResponse(properties=to_struct(outputs))
        with _refusing(context):
            id_, made = kind.create(self._client(), props)
        outputs = {**self._with_tags(kind, props), **made}
        return provider_pb2.CreateResponse(id=id_, properties=to_struct(outputs))

    def Read(self, request: Any, context: Any) -> Any:
        kind, olds = self._kind(request.urn, context), _props(request.inputs)
        try:
            with _refusing(context, looking=True):
                live = kind.read(self._client(), request.id, olds)
        except GoneError:
            return provider_pb2.ReadResponse()  # an empty id: it is no longer there
        # An input that was given keeps its own spelling while it means the same, and its value
        # where there is nothing to read it from (tags, for example).
        inputs = {**kind.defaults, **olds}
        for name, value in live.items():
            shown = name in olds or (value not in (None, "", False) and name not in kind.elsewhere)
            if name in kind.reads and shown and not same(olds.get(name), value):
                inputs[name] = value
        return provider_pb2.ReadResponse(
            id=request.id, properties=to_struct({**live, **inputs}), inputs=to_struct(inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:
        kind, news = self._kind(request.urn, context), _props(request.news)
        olds, outputs = _props(request.old_inputs), _props(request.olds)
        if not request.preview:
            changed = _changed(olds, news) - set(request.ignoreChanges)
            with _refusing(context):
                kind.update(self._client(), request.id, news, changed)
        kept = {name: outputs[name] for name in kind.computed if name in outputs}
        properties = to_struct({**self._with_tags(kind, news), **kept})
        return provider_pb2.UpdateResponse(properties=properties)

    def Delete(self, request: Any, context: Any) -> Any:
        kind = self._kind(request.urn, context)
        try:
            with _refusing(context, looking=True):
                kind.delete(self._client(), request.id, _props(request.properties))
        except GoneError:
            pass  # already gone is deleted
        return empty_pb2.Empty()

    # -- functions

    def Invoke(self, request: Any, context: Any) -> Any:
        function = FUNCTIONS.get(request.tok)
        if function is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"the sandbox has no function {request.tok}"
            )
            raise AssertionError("abort returned")
        with _refusing(context):
            result = function(self._client(), _props(request.args))
        answer: dict[str, Any] = {"return": to_struct(result)}  # a word that Python keeps
        return provider_pb2.InvokeResponse(**answer)

    # -- behind them

    def _client(self) -> Aws:
        if self._aws is None:
            raise RuntimeError("the provider was not configured")
        return self._aws

    def _with_tags(self, kind: Kind, props: Props) -> Props:
        return {**props, "tagsAll": self._client().all_tags(props)} if kind.tagged else props

    @staticmethod
    def _kind(urn: str, context: Any) -> Kind:
        kind = KINDS.get(_type(urn))
        if kind is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"the sandbox has no resource type {_type(urn)}"
            )
            raise AssertionError("abort returned")
        return kind


def _automatic_name(kind: Kind, props: Props, request: Any) -> str:
    """Logical name, dash, seven hexadecimal digits, as the real provider names things."""
    rng = random.Random(bytes(request.randomSeed)) if request.randomSeed else random.Random()
    name = request.urn.rsplit("::", 1)[1]
    return f"{kind.prefix()}{name}-{rng.getrandbits(28):07x}{kind.suffix(props)}"


def _unknown_inputs(kind: Kind, props: Props) -> Refusals:
    """An input that neither reaches the emulator nor is declared: better refused than ignored."""
    for name in sorted(props.keys() - kind.reads - kind.unproven.keys() - {"__defaults"}):
        if props[name] is not None:
            yield Refusal(name, "the sandbox does not know this input")


def _changed(olds: Props, news: Props) -> set[str]:
    return {name for name in olds.keys() | news.keys() if not same(olds.get(name), news.get(name))}


class _refusing:  # noqa: N801  # reads as a statement: with _refusing(context)
    """Answers the caller with AWS's own words when AWS, or the way to it, fails.

    With `looking`, "not found" becomes `GoneError`: for Read and Delete that is an answer.
    """

    def __init__(self, context: Any, *, looking: bool = False) -> None:
        self._context = context
        self._looking = looking

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError):
            answer = error.response.get("Error", {})
            code, text = str(answer.get("Code", "")), str(answer.get("Message", ""))
            missing = "NotFound" in code or "NonExistent" in code or code == "NoSuchEntity"
            if missing and self._looking:
                raise GoneError(f"{code}: {text}") from None
            self._context.abort(grpc.StatusCode.UNKNOWN, f"{code}: {text}")
        if isinstance(error, BotoCoreError | LookupError):
            self._context.abort(grpc.StatusCode.UNKNOWN, str(error))


def unproven_inputs(type_: str, inputs: Props) -> dict[str, str]:
    """Which of a resource's given inputs are not proven here, and why.

    The values that `Check` fills in by itself do not count.
    """
    kind = KINDS.get(type_)
    if kind is None:
        return {}
    return {
        name: why
        for name, why in kind.unproven.items()
        if inputs.get(name) is not None and inputs[name] != kind.defaults.get(name)
    }
