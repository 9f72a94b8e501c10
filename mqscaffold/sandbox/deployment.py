"""What a run of a program leaves: resources, outputs, logs.  Plain data, no Pulumi needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mqscaffold.sandbox.wire import Props, Secret, plain

STACK_TYPE = "pulumi:pulumi:Stack"

Severity = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True)
class Log:
    """One message of a program or provider, with secret values already taken out."""

    severity: Severity
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Resource:
    """One registered resource.  Secret inputs and outputs are marked with `Secret`."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    id: str = ""
    external: bool = False
    """Read, not made, by this program."""
    provider: str = ""
    inputs: Props = field(default_factory=dict[str, Any])
    outputs: Props = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )
    protect: bool = False
    retain_on_delete: bool = False

    @property
    def managed(self) -> bool:
        """Whether this is something in the cloud that this program makes."""
        return self.custom and not self.external and not self.type.startswith("pulumi:")


@dataclass(frozen=True)
class Deployment:
    """The result of one preview or update."""

    project: str
    stack: str
    preview: bool
    resources: Mapping[str, Resource]
    """By URN, in the order of registration."""
    outputs: Mapping[str, Any]
    """The stack's exports; secret ones are marked with `Secret`."""
    logs: tuple[Log, ...]
    seconds: float

    @property
    def secret_outputs(self) -> frozenset[str]:
        """The names of exports that must not be shown."""
        return frozenset(k for k, v in self.outputs.items() if isinstance(v, Secret))

    @property
    def managed(self) -> tuple[Resource, ...]:
        """The resources in the cloud that the program makes."""
        return tuple(r for r in self.resources.values() if r.managed)

    def plain_outputs(self) -> dict[str, Any]:
        """The exports with secrets in clear: for a child's environment, never for a report."""
        return {name: plain(value) for name, value in self.outputs.items()}

    def find(self, type_: str, name: str) -> Resource | None:
        """The first resource of this type and logical name."""
        found = (r for r in self.resources.values() if (r.type, r.name) == (type_, name))
        return next(found, None)


class DeploymentError(Exception):
    """A run that did not end well.

    `errors` are one line each: `TYPE resource 'NAME': REASON` when a resource is to blame.
    `partial` holds what was made before the failure.
    """

    def __init__(self, errors: tuple[str, ...], partial: Deployment) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.partial = partial
