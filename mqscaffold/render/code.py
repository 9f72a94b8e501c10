"""The Python of a project: the runtime, copied, and each flow's own modules, rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment

from mqscaffold.render import context
from mqscaffold.render.compose import Graph
from mqscaffold.render.environment import environment
from mqscaffold.render.events import events_module
from mqscaffold.render.files import File, read
from mqscaffold.render.layout import WIDTH
from mqscaffold.render.resolve import Flow, Project


def flow_files(
    project: Project, graph: Graph, described: context.Project, templates: Path
) -> Iterator[File]:
    """The files below src/ and tests/; for infrastructure only, the infrastructure's test."""
    tests = templates / "project" / "tests"
    for name in ("test_infra.py", "recorded_stack.py"):
        yield File(f"tests/{name}", read(tests / name), "managed")
    if not described.code:
        return
    yield from _runtime(project, described, templates)
    jinja = environment(templates)
    for flow, texts in _pairs(project, described):
        yield from _flow(flow, texts, described, jinja)
    names: dict[str, Any] = {
        "imports": imports,
        "project": described,
        "flows": [_values(f, t) for f, t in _pairs(project, described)],
        "examples": {e.type: e.example for flow in described.flows for e in flow.events},
    }
    yield File("tests/conftest.py", read(tests / "conftest.py"), "managed")
    text = jinja.get_template("project/tests/test_events.py.j2").render(names)
    yield File("tests/test_events.py", text, "managed")
    if any(flow.consumers for flow in described.flows):
        yield File("tests/memory_queue.py", read(tests / "memory_queue.py"), "managed")
        text = jinja.get_template("project/tests/test_end_to_end.py.j2").render(names)
        yield File("tests/test_end_to_end.py", text, "managed")


def _pairs(project: Project, described: context.Project) -> Iterator[tuple[Flow, context.Flow]]:
    yield from zip(project.flows, described.flows, strict=True)


def _runtime(project: Project, described: context.Project, templates: Path) -> Iterator[File]:
    """What every project shares, and the adapters that its flows use."""
    for path in sorted((templates / "messaging").glob("*.py")):
        yield File(f"src/messaging/{path.name}", read(path), "managed")
    folder = templates / "adapters"
    todo: list[str] = []
    for flow, texts in _pairs(project, described):
        adapters = flow.service.adapters
        todo += adapters.get("read", ()) if texts.consumers else ()
        todo += adapters.get("send", ()) if texts.producer else ()
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found and (folder / f"{name}.py").is_file():
            found.add(name)
            text = read(folder / f"{name}.py")
            todo += re.findall(r"^from messaging\.(\w+) import", text, re.MULTILINE)
            yield File(f"src/messaging/{name}.py", text, "managed")


def _flow(
    flow: Flow, texts: context.Flow, described: context.Project, jinja: Environment
) -> Iterator[File]:
    folder = f"src/{flow.package}"
    names = {"imports": imports, "project": described, "flow": _values(flow, texts)}

    def render(template: str, **more: Any) -> str:
        return jinja.get_template(f"flow/{template}.j2").render(names | more)

    yield File(f"{folder}/__init__.py", render("__init__.py"), "managed")
    schemas = {event.type: event.schema for event in texts.events}
    sources = {event.type: f"{texts.schemas}/{event.type}.json" for event in texts.events}
    yield File(f"{folder}/events.py", events_module(schemas, sources), "managed")
    if texts.producer:
        yield File(f"{folder}/producer.py", render("producer.py"), "merged")
    if not texts.consumers:
        return
    yield File(f"{folder}/consumer.py", render("consumer.py"), "merged")
    yield File(f"{folder}/dlq.py", render("dlq.py"), "managed")
    yield File(f"{folder}/handlers/__init__.py", render("handlers/__init__.py"), "managed")
    for consumer in _values(flow, texts)["consumers"]:
        text = render("handlers/handler.py", consumer=consumer)
        yield File(f"{folder}/handlers/{consumer['ident']}.py", text, "seeded")
    text = jinja.get_template("project/tests/test_handlers.py.j2").render(names)
    yield File(f"tests/test_{flow.package}_handlers.py", text, "seeded")


def _values(flow: Flow, texts: context.Flow) -> dict[str, Any]:
    """One flow as its templates see it: what was not chosen is None, so that it is not printed."""
    events = [_event(event) for event in texts.events]
    return {
        "name": flow.name,
        "package": flow.package,
        "pattern_title": flow.pattern.title,
        "service": flow.service.key,
        "service_title": flow.service.title,
        "fifo": texts.fifo,
        "events": events,
        "consumers": [_consumer(flow, consumer, events) for consumer in texts.consumers],
        "producer": texts.producer,
        "one_queue": texts.topic is None,
    }


def _event(event: context.Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "class_name": event.class_name,
        "function": re.sub(r"\W+", "_", event.type),
        "example": event.example,
        "key": event.key,
        "key_field": event.key_field,
    }


def _consumer(
    flow: Flow, consumer: context.Consumer, events: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    held = next((h[consumer.name] for h in flow.items.values() if consumer.name in h), flow.values)

    def chosen(name: str) -> Any:
        value = held.get(name)
        if value is None or value.only == value.setting.default_for("prod"):
            return None
        return value.only

    return {
        "name": consumer.name,
        "ident": consumer.module,
        "queue_variable": consumer.queue_variable,
        "concurrency": chosen("concurrency"),
        "max_handler_seconds": chosen("max_handler"),
        "on_failure": chosen("on_failure"),
        "events": _routed(consumer, events),
    }


def _routed(
    consumer: context.Consumer, events: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """The events that a consumer can get: those its filter names, all when it names no types."""
    wanted: Any = (consumer.filter or {}).get("ce_type")
    if consumer.filter_scope == "attributes" and isinstance(wanted, list):
        return [event for event in events if event["type"] in wanted] or events
    return events


def imports(names: Mapping[str, Sequence[str]]) -> str:
    """``from module import names`` of one section, in the order and layout of the formatter."""
    return "\n".join(_imported(module, sorted(set(names[module]))) for module in sorted(names))


def _imported(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])
