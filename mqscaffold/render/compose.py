"""A resolved project as a resource graph, its nodes named after all of them are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import REQUIRED, STACKS, Component, Process, Slot, Stack
from mqscaffold.errors import UserError
from mqscaffold.names import package_name, variable_name
from mqscaffold.render.collisions import check_names
from mqscaffold.render.graph import (
    MAIN_PLACES,
    Configured,
    Expr,
    Graph,
    Key,
    Literal,
    Many,
    Node,
    Reference,
    Running,
    StackKey,
    node_references,
)
from mqscaffold.render.places import per_element, relations
from mqscaffold.render.resolved import Flow, Project, Value, Values


def compose(project: Project, catalog: Catalog) -> Graph:
    """The graph of ``project``; a UserError when two names come out equal."""
    composer = _Composer(project, catalog)
    for flow in project.flows:
        composer.add_flow(flow)
    graph = Graph(tuple(composer.ordered()), tuple(composer.processes), composer.stack_keys)
    check_names(project, graph)
    return graph


class _Composer:
    def __init__(self, project: Project, catalog: Catalog) -> None:
        self.project, self.catalog = project, catalog
        self.first: dict[Key, Flow] = {}
        self.nodes: dict[Key, Node] = {}
        self.processes: list[Running] = []
        self.stack_keys: dict[str, StackKey] = {}

    def add_flow(self, flow: Flow) -> None:
        for process in flow.places.processes:
            items = [""]
            if process.each:
                items = list(flow.items.get(flow.places.slots[process.each].each, {}))
            for item in items:
                if item or self._present(flow, process):
                    self._add_process(Running(item or process.name, process, flow, item))
        for place, slot in flow.places.slots.items():
            if not slot.component:
                continue
            for item in self._items(flow, slot):
                key = self._key(flow, place, item)
                self._add_node(flow, self._node(key, flow, slot, item))

    def _add_node(self, flow: Flow, new: Node) -> None:
        """Keep ``new``, or see that the node an earlier flow made of this place is the same."""
        known = self.nodes.setdefault(new.key, new)
        first = self.first.setdefault(new.key, flow)
        if (known.component, known.args, known.opts) != (new.component, new.args, new.opts):
            names = sorted(
                name
                for name in {*known.args, *new.args}
                if known.args.get(name) != new.args.get(name)
            )
            raise UserError(
                f"flows {first.name} and {flow.name} share {new.origin} and want"
                f" different {', '.join(names) or 'components'} for it",
                where=f"[hosts.{flow.host}]" if flow.host else "[project]",
                command="set it where it is shared, or put the flows on two hosts",
            )

    def _add_process(self, new: Running) -> None:
        for known in self.processes:
            if known.flow is new.flow and known.name == new.name:
                each = new.process.each or known.process.each
                raise UserError(
                    f"{each} {new.name} of {new.flow.name} would take the name of its process"
                    f" {known.process.name if known.process.each == '' else new.process.name}",
                    where="mqscaffold.toml",
                    command=f"rename the {each}",
                )
        self.processes.append(new)

    def _present(self, flow: Flow, process: Process) -> bool:
        """A process runs only when at least one of its places has a component."""
        names = (*process.sends, *process.reads, *process.operates, *process.uses)
        slots = [flow.places.slots.get(flow.places.entry if n == "entry" else n) for n in names]
        return any(slot and self._items(flow, slot) for slot in slots)

    def _items(self, flow: Flow, slot: Slot) -> list[str]:
        if not slot.each:
            return [""]
        if slot.each == "processes":
            own = [running for running in self.processes if running.flow is flow]
            return [running.name for running in own if not running.process.by]
        return list(flow.items.get(slot.each, {}))

    def _node(self, key: Key, flow: Flow, slot: Slot, item: str) -> Node:
        component = self.catalog.components.get(slot.component)
        if component is None:
            raise UserError(f"component {slot.component} is not in the catalog", where=slot.name)
        suffix = slot.suffix
        if suffix is None:
            suffix = "" if slot.name in MAIN_PLACES else slot.name.replace("_", "-")
        if slot.scope == "project":
            names = [slot.name.replace("_", "-")]
        elif slot.scope == "host":
            names = [name for name in (flow.host, suffix) if name]
        else:
            names = [name for name in (flow.name, item, suffix) if name]
        args = dict(self._arguments(flow, slot, component, item))
        opts = {name: self._expression(flow, slot, text, item) for name, text in slot.opts.items()}
        exports = {
            f"{variable_name(*names)}_{name}": output for name, output in component.outputs.items()
        }
        logical = "-".join(names)
        variable = package_name(logical)
        if slot.name == "role":
            variable += "_role"  # a subscriber and its consumer's identity share a logical name
        return Node(key, component, logical, variable, args, opts, exports, slot.name)

    def _arguments(
        self, flow: Flow, slot: Slot, component: Component, item: str
    ) -> Iterator[tuple[str, Expr]]:
        """The arguments that differ from the component's defaults, in the component's order."""
        given: dict[str, Expr] = {}
        for name, text in slot.args.items():
            if isinstance(text, str) and text.startswith("?"):
                if text[1:].partition(".")[0] not in flow.places.slots:
                    continue
                text = "@" + text[1:]
            given[name] = self._expression(flow, slot, text, item)
        each = slot.each if slot.each in flow.items else ""
        own: Values = flow.of(each, item) if each else flow.values
        for value in own.values():
            for target in value.setting.targets("arg"):
                owner, _, process = target.owner.partition("/")
                if owner != component.name or (process and process != item):
                    continue
                expression = self._value(flow, value, component.args.get(target.name), each, item)
                if expression is not None:
                    given[target.name] = expression
                elif process:
                    given.pop(target.name, None)  # its own default, not what all others have
        order = {name: number for number, name in enumerate(component.args)}
        for name in sorted(given, key=lambda name: order.get(name, len(order))):
            if given[name] != Literal(component.args.get(name, REQUIRED)):
                yield name, given[name]

    def _value(self, flow: Flow, value: Value, default: Any, each: str, item: str) -> Expr | None:
        """A setting's value as an argument: a literal when the stacks agree, else configuration."""
        if value.same:
            plain = _argument(value.only)
            return None if plain is None or plain == default else Literal(plain)
        setting = value.setting
        if setting.level == "project":
            prefix, origin = "", "the project"
        elif setting.level == "host":
            prefix, origin = f"{flow.host}-", f"host {flow.host}"
        elif item and self._own(flow, value, each):
            prefix, origin = (
                f"{flow.name}-{item}-",
                f"{each.removesuffix('s')} {item} of {flow.name}",
            )
        else:
            prefix, origin = f"{flow.name}-", f"flow {flow.name}"
        unit = {"s": "-seconds", "B": "-bytes"}.get(setting.unit, "")
        key = prefix + setting.name.replace("_", "-") + unit
        held: dict[Stack, Any] = {
            stack: held for stack, held in value.by_stack.items() if _argument(held) is not None
        }
        kind, getter = _CONFIG[setting.type]
        getter = getter if len(held) == len(STACKS) else getter.replace("require", "get")
        self._stack_key(StackKey(key, kind, setting.why, held, origin))
        return Configured(key, getter)

    def _own(self, flow: Flow, value: Value, each: str) -> bool:
        """Whether an element's value is its own: chosen for it, or it follows from what is."""
        if per_element(value.setting, flow.places) != each:
            return False
        return (
            value.level == "element" or value.by_stack != flow.values[value.setting.name].by_stack
        )

    def _stack_key(self, new: StackKey) -> None:
        known = self.stack_keys.setdefault(new.key, new)
        if known != new:
            raise UserError(
                f"{known.origin} and {new.origin} both come out as the stack key {new.key}",
                where="mqscaffold.toml",
                command="rename one of them",
            )

    def _expression(self, flow: Flow, slot: Slot, text: Any, item: str) -> Expr:
        if isinstance(text, list):
            items = [self._expression(flow, slot, x, item) for x in cast("list[Any]", text)]
            plain = all(isinstance(x, Literal) for x in items)
            return Literal(cast("list[Any]", text)) if plain else Many(tuple(items))
        if not isinstance(text, str) or text[:1] not in "@$":
            return Literal(text)
        if text == "@+":
            return Many(tuple(self._offers(flow, item)))
        if text.startswith("$"):
            return self._required(flow, slot, text[1:], item)
        place, _, output = text[1:].partition(".")
        return Reference(self._key(flow, place, item), output)

    def _key(self, flow: Flow, place: str, item: str) -> Key:
        place = flow.places.entry if place == "entry" else place
        slot = flow.places.slots.get(place)
        if slot is None:
            raise UserError(f"{flow.service.key} has no place {place}", where="the catalog")
        if slot.scope != "flow":
            return "", place, flow.host if slot.scope == "host" else ""
        return flow.name, place, item if slot.each and item in self._items(flow, slot) else ""

    def _required(self, flow: Flow, slot: Slot, text: str, item: str) -> Expr:
        """A value that only the stack can give: it has no default and `pulumi up` asks for it.

        ``text`` is a name, ``!name`` for a secret, or ``[name]`` for a list.
        """
        kinds = {"!": ("string", "require_secret"), "[": ("array", "require_object")}
        kind, getter = kinds.get(text[0], ("string", "require"))
        name = text.strip("![]").replace("_", "-")
        owner = {"project": "", "host": flow.host}.get(slot.scope, flow.name)
        key = "-".join(word for word in (owner, item, name) if word)
        why, origin = f"required by {slot.component}", f"{slot.name} {item} of {owner}"
        secret = getter == "require_secret"
        self._stack_key(StackKey(key, kind, why, {}, origin, required=True, secret=secret))
        return Configured(key, getter)

    def _offers(self, flow: Flow, process_name: str) -> Iterator[Expr]:
        """Every policy that a component offers to the process of this name."""
        running = next(r for r in self.processes if r.flow is flow and r.name == process_name)
        for place, slot in flow.places.slots.items():
            component = self.catalog.components.get(slot.component)
            if component is None or slot.each == "processes":
                continue
            names = {place, "entry"} if place == flow.places.entry else {place}
            kinds = {kind for name in names for kind in relations(name, running.process)}
            for kind in ("send", "read", "operate", "use"):
                if kind not in kinds or kind not in component.offers:
                    continue
                repeats = flow.places.slots.get(running.process.each)
                own = running.item if repeats and repeats.each == slot.each else ""
                for item in [own] if own else self._items(flow, slot):
                    yield Reference(self._key(flow, place, item), component.offers[kind])

    def ordered(self) -> Iterator[Node]:
        """The nodes, each after those it refers to, otherwise in the order they were added."""
        done: set[Key] = set()

        def visit(key: Key, path: tuple[Key, ...]) -> Iterator[Node]:
            if key in done:
                return
            node = self.nodes[key]
            if key in path:
                names = " -> ".join(self.nodes[k].logical for k in (*path[path.index(key) :], key))
                raise UserError(f"components refer to each other in a circle: {names}")
            for needed in node_references(node):
                if needed not in self.nodes:
                    raise UserError(f"{node.origin} refers to {needed}, which is not there")
                yield from visit(needed, (*path, key))
            done.add(key)
            yield node

        for key in self.nodes:
            yield from visit(key, ())


_CONFIG: Final[Mapping[str, tuple[str, str]]] = {
    "bool": ("boolean", "require_bool"),
    "int": ("integer", "require_int"),
    "duration": ("integer", "require_int"),
    "size": ("integer", "require_int"),
    "list": ("array", "require_object"),
    "map": ("object", "require_object"),
    "json": ("object", "require_object"),
    "enum": ("string", "require"),
    "string": ("string", "require"),
    "secret": ("string", "require_secret"),
}


def _argument(value: Any) -> Any:
    """A setting's value as an argument: nothing chosen is None, the component's own default."""
    return None if value in ("", {}, []) or value == () else value
