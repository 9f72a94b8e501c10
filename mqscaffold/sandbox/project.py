"""What `try` is told about a project: plain data, filled in by whoever knows the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["producer", "consumer", "operator"]


@dataclass(frozen=True)
class Process:
    """Something that runs.  Variables are names of stack outputs, empty where there is none.

    `role_name` is the logical name of the `aws.iam.Role` it runs as; empty: the project makes no
    roles, and it runs as root.
    """

    name: str
    flow: str
    kind: Kind
    module: str
    """What `python -m` runs, such as `orders.consumer`."""
    args: tuple[str, ...] = ()
    role_name: str = ""
    queue_variable: str = ""
    dlq_variable: str = ""
    undelivered_variable: str = ""


@dataclass(frozen=True)
class Flow:
    """Where one flow's events go, and what they look like.

    `destination_variable` names the stack output that producers send to (a topic's ARN or a
    queue's URL).  A project that only subscribes has none: `existing_topic` is then the reference
    that its program holds (an ARN, `ssm:/path`, or `stack:org/project/stack#OUTPUT`).
    """

    name: str
    destination_variable: str = ""
    existing_topic: str = ""
    fifo: bool = False
    examples: tuple[Path, ...] = ()
    """Files with `{"type": …, "key": …, "data": …}`, one for each event type."""


@dataclass(frozen=True)
class TryInput:
    """One run of `try`.

    `config` goes before the values of `Pulumi.<stack>.yaml` (full keys to texts), `references`
    are outputs of other stacks by stack name, `parameters` are SSM parameters by name.
    """

    project_dir: Path
    project: str
    flows: tuple[Flow, ...]
    processes: tuple[Process, ...]
    count: int = 50
    """Messages to send on each flow, the poison and the rejected one among them."""
    stack: str = "dev"
    keep: bool = False
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    references: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    cache: Path | None = None
    """Where environments are kept; None: the user's cache directory."""
    wait_seconds: float = 120
    """How long at most to wait for all messages to settle."""

    def of_kind(self, kind: Kind, flow: str = "") -> tuple[Process, ...]:
        """The processes of one kind (and flow)."""
        return tuple(p for p in self.processes if p.kind == kind and flow in ("", p.flow))

    @property
    def infra(self) -> Path:
        """The folder of the Pulumi program."""
        return self.project_dir / "infra"
