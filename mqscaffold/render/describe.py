"""A resolved project as the plain values that its texts are rendered from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, cast

from mqscaffold.catalog import values
from mqscaffold.catalog.expression import Expression, pauses
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import STACKS, Stack
from mqscaffold.names import variable_name
from mqscaffold.render import context
from mqscaffold.render.cost import monthly, resources
from mqscaffold.render.events import class_name
from mqscaffold.render.graph import Graph, Node, Running
from mqscaffold.render.resolved import Flow, Project, Value, Values, names_on

LARGE: Final = 1_048_576
"""Bytes of one message with large_messages: the limit of SQS and of SNS.

https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
"""
NORMAL: Final = 262_144


def describe(project: Project, graph: Graph, catalog: Catalog, version: str) -> context.Project:
    """The context of every text of ``project``."""
    own = project.values
    return context.Project(
        name=project.name,
        catalog=context.Catalog(name=catalog.name, version=version),
        flows=tuple(_flow(flow, graph) for flow in project.flows),
        stacks=tuple(_stack(stack, project, graph, catalog) for stack in STACKS),
        config_keys=tuple(_config_keys(graph)),
        settings=tuple(_rows(project)),
        code=_only(own, "code", "python") == "python",
        identities=_only(own, "identities", "none"),
        assumed_by=str(_only(own, "assumed_by", "")),
    )


def _only(held: Values, name: str, default: Any) -> Any:
    return held[name].only if name in held else default


def _flow(flow: Flow, graph: Graph) -> context.Flow:
    running = [process for process in graph.processes if process.flow is flow]
    sender = next((p for p in running if p.process.sends and not p.process.reads), None)
    entry = _node(flow, flow.places.entry, "", graph)
    topic: context.Topic | None = None
    if flow.places.entry == "hub":
        reference = str(flow.value("topic", "")) or None
        topic = context.Topic(variable=f"{variable_name(flow.name)}_TOPIC_ARN", reference=reference)
    producer: context.Producer | None = None
    if sender and entry:
        kind: Literal["sns", "sqs"] = "sns" if topic else "sqs"
        key = "_TOPIC_ARN" if topic else "_QUEUE_URL"
        producer = context.Producer(variable=_export(entry, key), kind=kind)
    large = bool(flow.value("large_messages", False))
    return context.Flow(
        name=flow.name,
        pattern=flow.pattern.key,
        service=flow.service.key,
        says=_says(flow),
        events=tuple(event(name) for name in flow.value("events", [])),
        topic=topic,
        producer=producer,
        consumers=tuple(_consumer(p, graph) for p in running if p.process.reads),
        fifo=bool(flow.value("fifo", False)),
        max_message_bytes=LARGE if large else NORMAL,
    )


def _says(flow: Flow) -> str:
    return f"{flow.pattern.title} on {flow.service.title}: {_lower(flow.pattern.says)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _node(flow: Flow, place: str, item: str, graph: Graph) -> Node | None:
    return next((node for node in graph.nodes if node.key == (flow.name, place, item)), None)


def _export(node: Node, ending: str) -> str:
    return next(name for name in node.exports if name.endswith(ending))


def _consumer(running: Running, graph: Graph) -> context.Consumer:
    flow, item = running.flow, running.item
    place = next(name for name in running.process.reads if _node(flow, name, item, graph))
    node = _node(flow, place, item, graph)
    assert node is not None
    own = flow.of(flow.places.slots[place].each, item)

    def held(name: str) -> Any:
        return own[name].by_stack["prod"] if name in own else None

    attempts = int(held("max_receive_count"))
    undelivered = [name for name in node.exports if name.endswith("_UNDELIVERED_URL")]
    return context.Consumer(
        name=running.name,
        queue_variable=next(name for name in node.exports if name.endswith("_QUEUE_URL")),
        dlq_variable=_export(node, "_DLQ_URL"),
        undelivered_variable=undelivered[0] if undelivered else None,
        concurrency=int(held("concurrency") or 0),
        max_handler_seconds=int(held("max_handler") or 0),
        on_failure=held("on_failure"),
        filter=held("filter") or None,
        filter_scope=held("filter_scope") or "attributes",
        visibility_timeout_seconds=int(held("visibility_timeout")),
        wait_time_seconds=int(held("wait_time")),
        delay_seconds=int(held("delay")),
        max_receive_count=attempts,
        retry_min_seconds=pauses(attempts) // 2,
        retry_max_seconds=pauses(attempts),
        retention_seconds=int(held("retention")),
        dlq_retention_seconds=int(held("dlq_retention")),
    )


def event(event_type: str) -> context.Event:
    """A first schema for ``event_type``, and data that it accepts. The team's from then on."""
    noun = event_type.partition(".")[0]
    key = f"{noun}_id"
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": class_name(event_type),
        "description": f"The data of {event_type}.",
        "type": "object",
        "required": [key, "total_cents"],
        "properties": {
            key: {"type": "string", "description": f"Which {noun}.", "x-key": True},
            "total_cents": {"type": "integer", "description": "Amount in cents."},
        },
    }
    return context.Event(
        type=event_type,
        class_name=class_name(event_type),
        schema=schema,
        example={key: f"{noun}-1001", "total_cents": 4200},
        key_field=key,
    )


def _stack(stack: Stack, project: Project, graph: Graph, catalog: Catalog) -> context.Stack:
    own = project.values

    def on(name: str, default: Any) -> Any:
        return own[name].by_stack[stack] if name in own else default

    counts = resources(graph, stack)
    tags = {"app": project.name, "env": stack, "managed-by": "mqscaffold", **on("tags", {})}
    config = [context.ConfigValue(key="aws:defaultTags", value={"tags": tags})]
    for key in graph.stack_keys.values():
        if stack in key.by_stack:
            config.append(context.ConfigValue(key=key.key, value=key.by_stack[stack]))
        elif key.required and not key.secret:
            config.append(context.ConfigValue(key=key.key, example="…", why=key.why))
    return context.Stack(
        name=stack,
        resources=sum(counts.values()),
        idle_cost=cost_text(monthly(counts, catalog)),
        config=tuple(config),
        region=on("region", None),
        account_ids=tuple(on("allowed_accounts", ())),
        alarms=bool(on("alarms", False)),
        keep=bool(on("keep", False)),
    )


def cost_text(dollars: float) -> str:
    """What idle resources cost a month: "nothing", "about $3.40"."""
    return f"about ${dollars:.2f} a month" if dollars else "nothing"


def _config_keys(graph: Graph) -> Iterator[context.ConfigKey]:
    for key in graph.stack_keys.values():
        kind = cast(Any, key.type)
        yield context.ConfigKey(
            name=key.key,
            type=kind,
            description=key.why,
            optional=len(key.by_stack) < len(STACKS) and not key.required,
        )


def _rows(project: Project) -> Iterator[context.SettingRow]:
    """Each setting once where it is the same for all, and once more where it was chosen apart."""
    seen: set[str] = set()
    for flow in project.flows:
        prefix = f"{flow.name}:" if len(project.flows) > 1 else ""
        for name, value in flow.values.items():
            project_wide = value.setting.level == "project"
            if project_wide and name in seen:
                continue
            seen.add(name)
            if _shown(value, flow.values):
                yield _row(("" if project_wide else prefix) + name, value)
        for each, elements in flow.items.items():
            for item, held in elements.items():
                for name, value in held.items():
                    if value.by_stack != flow.values[name].by_stack:
                        yield _row(f"{prefix}{each}.{item}.{name}", value)


def _shown(value: Value, held: Values) -> bool:
    """Settings that do nothing here, and empty ones nobody chose, are left out of the table."""
    when = value.setting.when
    active = when is None or any(when.value(names_on(held, stack)) for stack in STACKS)
    empty = all(value.by_stack[stack] in ("", {}, [], None) for stack in STACKS)
    return active and not (empty and value.level is None)


def _row(address: str, value: Value) -> context.SettingRow:
    setting = value.setting
    text = value_text(value)
    derived = isinstance(setting.default_for("prod"), Expression)
    origin = "chosen" if value.level else "derived" if derived else "default"
    return context.SettingRow(
        address=address, value=text, origin=origin, why=setting.why, docs=setting.docs
    )


def value_text(value: Value) -> str:
    """A value as a person reads it, on both stacks where they differ: "dev false, prod true"."""
    shown = {stack: values.shown(value.setting, value.by_stack[stack]) for stack in STACKS}
    return shown["dev"] if value.same else ", ".join(f"{s} {shown[s]}" for s in STACKS)
