"""Patterns, parts, components, clouds and services out of the catalog's tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from mqscaffold.catalog import model
from mqscaffold.catalog.source import Table


def pattern(key: str, table: Table) -> model.Pattern:
    pattern = model.Pattern(
        key,
        table.text("title"),
        table.text("says"),
        table.text("topology", ""),
        table.words("features"),
    )
    table.end()
    return pattern


def part(key: str, table: Table) -> model.Part:
    # usual, reason and instead are the matrix's: catalog/matrix.py reads them.
    table.one_of("usual", model.STATES)
    table.text("reason", "")
    table.words("instead")
    part = model.Part(
        key,
        table.text("says"),
        slots=table.words("slots"),
        entry=table.text("entry", ""),
        processes=tuple(_process(name, sub) for name, sub in table.sub("processes").tables()),
        implies=table.words("implies"),
        conflicts=tuple(_conflict(name, sub) for name, sub in table.sub("conflicts").tables()),
        joins=_relations(table.sub("joins")),
        relay=table.text("relay", ""),
        operation=table.text("operation", ""),
        envelope=table.text("envelope", ""),
    )
    table.end()
    return part


def _relations(table: Table) -> Mapping[str, tuple[str, ...]]:
    """Names by who they are for: the processes that send, read or operate."""
    found = {relation: table.words(relation) for relation in ("send", "read", "operate")}
    table.end()
    return {relation: names for relation, names in found.items() if names}


def _process(name: str, table: Table) -> model.Process:
    process = model.Process(
        name,
        sends=table.words("sends"),
        reads=table.words("reads"),
        operates=table.words("operates"),
        uses=table.words("uses"),
        each=table.text("each", ""),
        by=table.one_of("by", ("", "service"), ""),
    )
    table.end()
    return process


def _conflict(feature: str, table: Table) -> model.Conflict:
    conflict = model.Conflict(feature, table.text("why"), table.text("instead"))
    table.end()
    return conflict


def component(key: str, provider: str, table: Table) -> model.Component:
    args = {
        name: model.REQUIRED if value == "required" else value
        for name, value in cast("dict[str, Any]", table.get("args", dict, {})).items()
    }
    made: list[model.Resources] = []
    for entry in cast("list[dict[str, str]]", table.get("resources", list, [])):
        if set(entry) != {"type", "count"}:
            raise table.error("a resource has a type and a count", key="resources")
        made.append(model.Resources(entry["type"], table.parsed("resources", entry["count"])))
    table.identifiers("", [key])
    table.identifiers("args", args)
    component = model.Component(
        key,
        file=table.text("file", ""),
        provider=provider,
        token=table.text("token", ""),
        args=args,
        outputs=table.get("outputs", dict, {}),
        offers=table.get("offers", dict, {}),
        children=table.words("children") or ("",),
        plain=table.words("plain"),
        resources=tuple(made),
        says=table.text("says", ""),
        beside=table.text("beside", ""),
    )
    table.identifiers("file", [component.file] if component.file else [])
    table.identifiers("outputs", component.outputs.values())
    table.identifiers("offers", component.offers.values())
    for name in component.plain:
        if name not in args:
            raise table.error(f"{name!r} is none of the arguments", key="plain")
    for resources in component.resources:
        if unknown := sorted(resources.count.names - {*args, "alarms"}):
            raise table.error(f"{unknown[0]!r} is none of the arguments", key="resources")
    table.end()
    return component


def _slot(name: str, table: Table) -> model.Slot:
    by = table.one_of("by", ("", "code"), "")
    slot = model.Slot(
        name,
        component="" if by else table.text("component"),
        each=table.text("each", ""),
        scope=table.one_of("scope", ("flow", "host", "project"), "flow"),
        suffix=table.get("suffix", str, None),
        args=table.get("args", dict, {}),
        opts=table.get("opts", dict, {}),
    )
    table.identifiers("args", slot.args)
    table.identifiers("opts", slot.opts)
    for key, given in (("args", slot.args), ("opts", slot.opts)):
        table.identifiers(key, [output for _, output in references(given.values()) if output])
    table.end()
    return slot


def references(values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(place, output) of every "@hub.arn" and "?hub.arn" among a slot's arguments or options."""
    for value in values:
        for text in cast("list[Any]", value) if isinstance(value, list) else [value]:
            if isinstance(text, str) and text[:1] in ("@", "?") and text != "@+":
                place, _, output = text[1:].partition(".")
                yield place, output


def _slots(table: Table) -> Mapping[str, model.Slot]:
    return {name: _slot(name, sub) for name, sub in table.sub("slots").tables()}


def matrix_only(table: Table) -> None:
    """What catalog/matrix.py reads from a service or a variant: states and words for refusals."""
    states = table.sub("states")
    for part in states.data:
        states.one_of(part, model.STATES)
    for _, words in table.sub("refusals").tables():
        words.text("reason")
        if not words.words("instead"):
            raise words.error("`instead` is missing")
        words.end()


def _variant(name: str, table: Table) -> model.Variant:
    table.text("says", "")
    column = table.get("column", bool, True)
    matrix_only(table)
    if not column and ("states" in table.data or "refusals" in table.data):
        raise table.error("what is no column of the matrix has no states or refusals", key="column")
    variant = model.Variant(
        name,
        table.parsed("if", table.text("if")),
        slots=_slots(table),
        drop=table.words("drop"),
        cloud=table.text("cloud", ""),
        column=column,
    )
    table.end()
    return variant


def _variants(table: Table) -> tuple[model.Variant, ...]:
    return tuple(_variant(name, sub) for name, sub in table.sub("variants").tables())


def cloud(key: str, table: Table) -> model.Cloud:
    cloud = model.Cloud(key, table.text("title"), _slots(table), _variants(table))
    table.end()
    return cloud


def service(key: str, table: Table) -> model.Service:
    matrix_only(table)
    table.text("like", "")
    fixed = cast("dict[str, dict[str, Any]]", table.get("settings", dict, {}))
    extra = dict(table.sub("parts").tables())
    service = model.Service(
        key,
        table.text("title"),
        table.text("cloud"),
        table.text("carrier"),
        docs=table.text("docs", ""),
        says=table.text("says", ""),
        hosts=table.get("hosts", bool, False),
        adapters=_relations(table.sub("adapters")),
        families=table.words("families"),
        slots=_slots(table),
        choices={
            part: _choice(fixed.get(part, {}), extra.get(part)) for part in {**fixed, **extra}
        },
        defaults=table.get("defaults", dict, {}),
        variants=_variants(table),
    )
    table.end()
    return service


def _choice(settings: Mapping[str, Any], table: Table | None) -> model.Choice:
    if table is None:
        return model.Choice(settings)
    choice = model.Choice(
        settings,
        slots=table.words("places"),
        drop=table.words("drop"),
        over=table.text("over", ""),
        entry=table.text("entry", ""),
        fill=_slots(table),
    )
    table.end()
    return choice
