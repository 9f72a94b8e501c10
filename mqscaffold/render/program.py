"""The graph printed as infra/__main__.py, laid out as the formatter would lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mqscaffold.names import package_name
from mqscaffold.render.graph import (
    Configured,
    Expr,
    Graph,
    Key,
    Literal,
    Many,
    Node,
    Reference,
    configured,
    hoisted,
    node_references,
)
from mqscaffold.render.layout import WIDTH, Call, Pair, Sequence, layout, literal, string
from mqscaffold.render.resolved import Flow, Project


def program(project: Project, graph: Graph) -> str:
    """The source of the program: components in order, who may do what, and the outputs."""
    return "\n".join(_lines(project, graph)) + "\n"


def _lines(project: Project, graph: Graph) -> Iterator[str]:
    shared = hoisted(graph)
    variables = {node.key: node.variable for node in graph.nodes}
    used = {key for node in graph.nodes for key in node_references(node)}
    used |= {node.key for node in graph.nodes if node.exports}
    yield from _docstring(project, graph)
    yield ""
    yield "import pulumi"
    yield ""
    yield from _imports(graph)
    if any(configured(graph)):
        yield from ("", "config = pulumi.Config()")
    for key, variable in shared.items():
        getter = Call(f"config.{_getter(graph, key)}", [string(key)])
        yield from layout(getter, f"{variable} = ", "", "")
    printer = _Printer(variables, shared)
    several = len(project.flows) > 1
    for owner in ("", *(flow.name for flow in project.flows)):
        nodes = [node for node in graph.nodes if node.key[0] == owner and node.slot != "role"]
        if not nodes:
            continue
        yield ""
        if several and owner:
            yield f"# {_title(project, owner)}"
        for node in nodes:
            yield from printer.component(node, named=node.key in used)
    roles = [node for node in graph.nodes if node.slot == "role"]
    if roles:
        yield from ("", "# Who may do what: each process has only the rights named here.")
        for node in roles:
            yield from printer.component(node, named=node.key in used)
    exports = [
        (name, node, output) for node in graph.nodes for name, output in node.exports.items()
    ]
    if exports:
        yield ""
        yield '# The environment of the processes: README, "Deploy".'
        for name, node, output in exports:
            export = Call("pulumi.export", [string(name), f"{variables[node.key]}.{output}"])
            yield from layout(export, "", "", "")


def _title(project: Project, name: str) -> str:
    flow = next(flow for flow in project.flows if flow.name == name)
    title = flow.pattern.title
    return f"{flow.name}: {title[0].lower()}{title[1:]} on {flow.service.title}"


def _docstring(project: Project, graph: Graph) -> Iterator[str]:
    flows = project.flows
    first = _title(project, flows[0].name) if len(flows) == 1 else f"{project.name}"
    yield f'"""{first}.'
    for flow in flows:
        picture = list(diagram(flow, graph))
        if picture:
            yield ""
            yield from (f"    {line}" for line in picture)
    notes = list(dict.fromkeys(n.component.beside for n in graph.nodes if n.component.beside))
    yield ""
    for note in notes:
        yield from _wrapped(note)
    yield from _wrapped(
        'What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".'
    )
    yield '"""'


def diagram(flow: Flow, graph: Graph) -> Iterator[str]:
    """Who sends to whom, drawn with lines: one row for each reader."""
    running = [process for process in graph.processes if process.flow is flow]
    into = [process for process in running if "entry" in process.process.sends]
    messages = set(flow.places.topology.slots)
    readers = [p for p in running if messages.intersection(p.process.reads) and p not in into]
    read = {place for reader in readers for place in reader.process.reads}
    stages = [reader for reader in readers if read.intersection(reader.process.sends)]
    readers = [reader for reader in readers if reader not in stages]
    before = [p for p in running for q in into[:1] if set(p.process.sends) & set(q.process.reads)]
    chain = [process.name for process in (*before[:1], *into[:1]) if process not in readers]
    chain.append(str(flow.value("topic", "")) or flow.name)
    left = " ──> ".join((*chain, *(stage.name for stage in stages)))
    if not readers:
        if into:
            yield left
        return
    width = max(len(reader.name) for reader in readers)
    code = flow.value("code", "python") == "python"
    for number, reader in enumerate(readers):
        edge = "┬" if number == 0 else "└" if number == len(readers) - 1 else "├"
        start = f"{left} ──" if number == 0 else " " * (len(left) + 3)
        line = (
            f"{left} ──> {reader.name}" if len(readers) == 1 else f"{start}{edge}──> {reader.name}"
        )
        handler = f"src/{flow.package}/handlers/{package_name(reader.name)}.py"
        full = line + " " * (width - len(reader.name) + 4) + handler
        yield full if code and len(full) + 4 <= WIDTH else line


def _wrapped(text: str) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _imports(graph: Graph) -> Iterator[str]:
    names: set[str] = set()
    for node in graph.nodes:
        names.add(node.component.name)
        if node.args:
            names.add(f"{node.component.name}Args")
    if names:
        ordered = sorted(names)
        line = f"from components import {', '.join(ordered)}"
        if len(line) <= WIDTH:
            yield line
        else:
            yield "from components import ("
            yield from (f"    {name}," for name in ordered)
            yield ")"


def _getter(graph: Graph, key: str) -> str:
    return next(item.getter for item in configured(graph) if item.key == key)


class _Printer:
    def __init__(self, variables: Mapping[Key, str], hoisted: Mapping[str, str]) -> None:
        self.variables, self.hoisted = variables, hoisted

    def component(self, node: Node, *, named: bool) -> Iterator[str]:
        name = node.component.name
        arguments: list[Any] = [string(node.logical)]
        if node.args:
            pairs = [Pair(key, self.expression(value)) for key, value in node.args.items()]
            arguments.append(Call(f"{name}Args", pairs))
        if node.opts:
            pairs = [Pair(key, self.expression(value)) for key, value in node.opts.items()]
            arguments.append(Pair("opts", Call("pulumi.ResourceOptions", pairs)))
        start = f"{node.variable} = " if named else ""
        yield from layout(Call(name, arguments), start, "", "")

    def expression(self, expression: Expr) -> Any:
        match expression:
            case Literal(value):
                return literal(value)
            case Reference(node, output):
                return f"{self.variables[node]}.{output}" if output else self.variables[node]
            case Configured(key, getter):
                return self.hoisted.get(key) or f"config.{getter}({string(key)})"
            case Many(items):
                return Sequence([self.expression(item) for item in items])
