"""The resource graph of a project: one node for each component of its program.

A node is keyed by flow, place and element, never by a name, so that two names which come out equal
are found and reported with both origins instead of one node replacing the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mqscaffold.catalog.model import Component, Process, Stack
from mqscaffold.names import package_name
from mqscaffold.records import dataclass, field
from mqscaffold.render.resolved import Flow

MAIN_PLACES: Final = frozenset(("hub", "queue", "log", "subscriber", "group", "role", "alarms"))
"""Places whose component carries the flow's or the element's own name, without a suffix."""

Key = tuple[str, str, str]  # flow ("" when flows share it), place, element or host


@dataclass(frozen=True)
class Literal:
    """A value in the program."""

    value: Any


@dataclass(frozen=True)
class Reference:
    """An output of another node."""

    node: Key
    output: str


@dataclass(frozen=True)
class Configured:
    """A value of the stack: ``config.<getter>("<key>")``."""

    key: str
    getter: str


@dataclass(frozen=True)
class Many:
    """A list of expressions."""

    items: tuple[Expr, ...]


Expr = Literal | Reference | Configured | Many


@dataclass(frozen=True)
class Node:
    """One component of the program."""

    key: Key
    component: Component
    logical: str
    variable: str
    args: Mapping[str, Expr]
    opts: Mapping[str, Expr] = field(default_factory=dict[str, Expr])
    exports: Mapping[str, str] = field(default_factory=dict[str, str])  # variable -> output
    slot: str = ""

    @property
    def origin(self) -> str:
        """Where the node comes from, in a user's words: "subscriber eu-billing of orders"."""
        flow, place, item = self.key
        word = "process" if place == "role" else place
        if not flow:
            return f"{place} of host {item}" if item else place
        if item:
            return f"{word} {item} of {flow}"
        return f"flow {flow}" if place in MAIN_PLACES else f"{place} of {flow}"


@dataclass(frozen=True)
class Running:
    """A process as it runs: one per element for a process that repeats."""

    name: str
    process: Process
    flow: Flow
    item: str = ""


@dataclass(frozen=True)
class StackKey:
    """A configuration key of the project, and its value on each stack that has one."""

    key: str
    type: str  # Pulumi's: boolean, integer, string, array, object
    why: str
    by_stack: Mapping[Stack, Any]
    origin: str  # whose value it is, in a user's words
    required: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Graph:
    """What a project creates and runs: nodes in the order they can be made."""

    nodes: tuple[Node, ...]
    processes: tuple[Running, ...]
    stack_keys: Mapping[str, StackKey]


def node_references(node: Node) -> Iterator[Key]:
    """The nodes that ``node`` needs before it."""

    def inside(expression: Expr) -> Iterator[Key]:
        if isinstance(expression, Reference):
            yield expression.node
        elif isinstance(expression, Many):
            for item in expression.items:
                yield from inside(item)

    for expression in (*node.args.values(), *node.opts.values()):
        yield from inside(expression)


def configured(graph: Graph) -> Iterator[Configured]:
    """Every place where the program reads a stack's value."""
    for node in graph.nodes:
        for expression in (*node.args.values(), *node.opts.values()):
            if isinstance(expression, Configured):
                yield expression


def hoisted(graph: Graph) -> Mapping[str, str]:
    """Stack keys that more than one component reads, and the variable that holds each."""
    counts = Counter(expression.key for expression in configured(graph))
    return {key: package_name(key) for key, count in counts.items() if count > 1}
