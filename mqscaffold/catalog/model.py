"""What the catalog knows, as frozen values. Nothing here reads a file or decides anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from mqscaffold.catalog.expression import Expression
from mqscaffold.records import dataclass, field

Stack = Literal["dev", "prod"]
STACKS: Final[tuple[Stack, Stack]] = ("dev", "prod")

SettingType = Literal[
    "bool",
    "int",
    "duration",
    "size",
    "enum",
    "string",
    "list",
    "map",
    "json",
    "secret",
    "items",
]
Level = Literal["project", "host", "flow", "element"]
LEVELS: Final[tuple[Level, ...]] = ("project", "host", "flow", "element")
State = Literal["native", "composed", "refused"]
STATES: Final[tuple[State, ...]] = ("native", "composed", "refused")


class _Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True)
class Target:
    """One thing that a setting sets.

    ``kind`` is "arg" (``owner`` is the component, ``name`` its argument), "code" (an argument
    of the emitted consumer or producer), "config" (a Pulumi configuration key such as aws:region),
    "setting" (another setting's default reads it), "slot" (which component fills a place),
    "items" (the list a place repeats over) or "files" (which files are written).
    """

    kind: Literal["arg", "code", "config", "setting", "slot", "items", "files"]
    owner: str
    name: str


@dataclass(frozen=True)
class Setting:
    """One documented knob. Durations are seconds and sizes bytes once read."""

    name: str
    type: SettingType
    why: str
    docs: str
    sets: tuple[Target, ...]
    family: str = ""  # the file it stands in: settings/<family>.toml
    default: Mapping[Stack, Any] | Any = None  # a value, an Expression, or one of them per stack
    unit: str = ""
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    says: str = ""  # what the pattern means, in words
    when: Expression | None = None
    example: Any = None
    property: str = ""  # the vendor's own name: "aws:sqs/queue:Queue.messageRetentionSeconds"
    kind: str = ""  # one word over all services, for locks: "retention"
    level: Level | None = None
    ask: bool = False
    planned: str = ""

    def default_for(self, stack: Stack) -> Any:
        """The default on ``stack``: a value, or an Expression over other settings."""
        if isinstance(self.default, StackDefault):
            return self.default.by_stack[stack]
        return self.default

    def targets(self, kind: str) -> tuple[Target, ...]:
        return tuple(target for target in self.sets if target.kind == kind)


@dataclass(frozen=True)
class StackDefault:
    """A default that differs between the stacks."""

    by_stack: Mapping[Stack, Any]


@dataclass(frozen=True)
class Resources:
    """How many resources of one type a component makes: an expression over its arguments."""

    type: str
    count: Expression


@dataclass(frozen=True)
class Component:
    """One Pulumi ComponentResource: what it takes, gives and creates."""

    name: str
    file: str  # module name under templates/infra/<provider>/, "" when it does not exist yet
    provider: str
    token: str
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    offers: Mapping[str, str] = field(default_factory=dict[str, str])
    children: tuple[str, ...] = ("",)
    plain: tuple[str, ...] = ()
    resources: tuple[Resources, ...] = ()
    says: str = ""
    beside: str = ""  # what else it makes, for the head of a program


@dataclass(frozen=True)
class Slot:
    """A place and the component that fills it."""

    name: str
    component: str  # "" when the code fills it (``by = "code"``)
    each: str = ""
    scope: Literal["flow", "host", "project"] = "flow"
    suffix: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    opts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Process:
    """Something that runs: the slots it sends to, reads and operates, and who repeats it."""

    name: str
    sends: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    operates: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    each: str = ""  # a slot: one process for each of its elements, named after it
    by: str = ""  # "service": the service runs it, so it has no code and no identity of ours


@dataclass(frozen=True)
class Part:
    """A topology or a feature: the places it needs and the processes it brings."""

    name: str
    says: str
    slots: tuple[str, ...] = ()
    entry: str = ""
    processes: tuple[Process, ...] = ()
    implies: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    joins: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Places that whoever sends, reads or operates the topology's places has to do with as well:
    a store for payloads. The relation says how: "send", "read" or "operate"."""
    relay: str = ""  # takes over what the producer sent, which sends to what the relay reads
    operation: str = ""  # a command and the grant for it, not a setting: replay, redrive
    envelope: str = ""  # foreign messages that are not CloudEvents


@dataclass(frozen=True)
class Conflict:
    """Two features that cannot be together, and what to do instead."""

    feature: str
    why: str
    instead: str


@dataclass(frozen=True)
class Variant:
    """A condition on settings that changes the places of a service or a cloud."""

    name: str
    condition: Expression
    slots: Mapping[str, Slot] = field(default_factory=dict[str, Slot])
    drop: tuple[str, ...] = ()
    cloud: str = ""
    column: bool = True  # it has cells of its own in the matrix


@dataclass(frozen=True)
class Cloud:
    """Where a service lives: fills the places that the service has no component for."""

    key: str
    title: str
    slots: Mapping[str, Slot]
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What choosing a part means on one service: the settings, the extra places, the topology."""

    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    slots: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    over: str = ""
    entry: str = ""
    fill: Mapping[str, Slot] = field(default_factory=dict[str, Slot])


@dataclass(frozen=True)
class Service:
    """What carries the messages."""

    key: str
    title: str
    cloud: str
    carrier: str
    docs: str = ""
    says: str = ""
    hosts: bool = False
    adapters: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Modules of templates/adapters/ by who needs them: those who read, those who send."""
    families: tuple[str, ...] = ()  # whose settings it has, besides its cloud's
    slots: Mapping[str, Slot] = field(default_factory=dict[str, Slot])
    choices: Mapping[str, Choice] = field(default_factory=dict[str, Choice])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True)
class Pattern:
    """A name that users know: at most one topology, and features."""

    key: str
    title: str
    says: str
    topology: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A relation between settings that must hold before anything is written."""

    name: str
    needs: Expression
    why: str
    docs: str
    fix: str
    when: Expression | None = None
    feature: str = ""
    chosen: tuple[str, ...] = ()  # only where each of these was chosen, not derived
    example: Mapping[str, Any] = field(default_factory=dict[str, Any])
