"""What `list`, `show`, `explain` and completion say, computed from the catalog as plain data.

All of it follows from the catalog alone, so a wheel carries it computed (`pages`), and these
commands then start as fast as help does. Nothing here imports click.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from mqscaffold.catalog.load import Catalog
    from mqscaffold.catalog.matrix import Cell
    from mqscaffold.catalog.model import Rule, Setting
    from mqscaffold.render.pipeline import Planned

__all__ = [
    "CellBody",
    "ListPage",
    "SettingBody",
    "WordsPage",
    "every_page",
    "explain_page",
    "list_page",
    "show_page",
    "stacks",
    "words_page",
]


class CellBody(TypedDict):
    """One cell of the matrix, as `list --json` prints it."""

    pattern: str
    service: str
    variant: str | None
    state: str
    generates: bool
    reason: str | None
    instead: list[str]


class ListPage(TypedDict):
    """Every cell; and for `PATTERN SERVICE` the number of the cell that `new` makes when nothing
    more is said, with the pairs to take instead of one that is refused."""

    cells: list[CellBody]
    plain: dict[str, int]
    instead: dict[str, list[list[str]]]


class WordsPage(TypedDict):
    """The names that a command line may hold, each with a title or a sentence."""

    patterns: dict[str, str]
    says: dict[str, str]
    services: dict[str, str]
    features: dict[str, str]


class SettingBody(TypedDict):
    """One setting of a service, as `explain --json` prints it; `values` serve completion."""

    service: str
    setting: str
    type: str
    allowed: str
    choices: list[str]
    default: str
    example: str
    when: str | None
    planned: str | None
    why: str
    docs: str
    property: str | None
    sets: list[str]
    values: dict[str, str]
    rules: list[dict[str, str]]


def every_page(catalog: Catalog) -> Iterator[tuple[str, Any]]:
    """Every page by its path, for a wheel."""
    yield "words", words_page(catalog)
    listed = list_page(catalog)
    yield "list", listed
    for service in catalog.services:
        yield f"explain/{service}", explain_page(catalog, service)
    for number in listed["plain"].values():
        cell = listed["cells"][number]
        if cell["generates"]:
            pattern, service = cell["pattern"], cell["service"]
            yield f"show/{pattern}/{service}", show_page(catalog, pattern, service)


def words_page(catalog: Catalog) -> WordsPage:
    """The names of patterns, services and features."""
    return {
        "patterns": {name: pattern.title for name, pattern in catalog.patterns.items()},
        "says": {name: pattern.says for name, pattern in catalog.patterns.items()},
        "services": {name: catalog.services[name].title for name in catalog.raw_services()},
        "features": {name: part.says for name, part in catalog.features.items()},
    }


def list_page(catalog: Catalog) -> ListPage:
    """The whole matrix, and what of it can be generated."""
    from mqscaffold.catalog.matrix import best, suggestion

    cells = list(catalog.matrix)
    numbers = {(cell.pattern, cell.service, cell.variant): n for n, cell in enumerate(cells)}
    tables = catalog.matrix_tables()
    plain: dict[str, int] = {}
    instead: dict[str, list[list[str]]] = {}
    for pattern, service in dict.fromkeys((cell.pattern, cell.service) for cell in cells):
        found = best(*tables, pattern=pattern, service=service)
        key = f"{pattern} {service}"
        plain[key] = numbers[pattern, service, found.variant]
        named = (suggestion(entry, pattern, service) for entry in found.instead)
        pairs = dict.fromkeys((item.pattern, item.service) for item in named)
        if pairs:
            instead[key] = [list(pair) for pair in pairs]
    return {"cells": [_cell(cell, catalog) for cell in cells], "plain": plain, "instead": instead}


def _cell(cell: Cell, catalog: Catalog) -> CellBody:
    from mqscaffold.catalog.generates import missing

    refused = cell.state == "refused"
    lacking = "" if refused else missing(catalog, cell.pattern, cell.service)
    return {
        "pattern": cell.pattern,
        "service": cell.service,
        "variant": cell.variant,
        "state": cell.state,
        "generates": not refused and not lacking,
        "reason": cell.reason or lacking or None,
        "instead": list(cell.instead),
    }


def show_page(catalog: Catalog, pattern: str, service: str) -> dict[str, Any]:
    """What a pattern on a service consists of; only for a pair that can be generated."""
    from mqscaffold.render.describe import value_text
    from mqscaffold.render.facts import not_guaranteed, not_proven
    from mqscaffold.render.pipeline import plan
    from mqscaffold.render.request import Request, spec_of

    made = plan(spec_of(Request(pattern=pattern, service=service), catalog), catalog)
    flow = made.project.flows[0]
    return {
        "components": [
            {"name": node.logical, "component": node.component.name, "says": node.component.says}
            for node in made.graph.nodes
        ],
        "processes": [running.name for running in made.graph.processes],
        "stacks": stacks(made, catalog),
        "settings": [
            {
                "setting": name,
                "value": value_text(value),
                "when": value.setting.when.text if value.setting.when else "",
                "why": value.setting.why,
                "docs": value.setting.docs,
            }
            for name, value in flow.values.items()
        ],
        "planned_settings": [
            {"setting": name, "why": setting.planned}
            for name, setting in catalog.settings_of(flow.service).items()
            if setting.planned
        ],
        "not_guaranteed": list(not_guaranteed(made.described)),
        "not_proven": list(not_proven(made.described)),
    }


def stacks(made: Planned, catalog: Catalog) -> dict[str, Any]:
    """Each stack's resources by type, and what they cost a month in US dollars when idle."""
    from mqscaffold.render.cost import monthly, resources

    found: dict[str, Any] = {}
    for stack in ("dev", "prod"):
        counts = resources(made.graph, stack)
        found[stack] = {
            "resources": sum(counts.values()),
            "idle_usd_a_month": round(monthly(counts, catalog), 2),
            "types": dict(sorted(counts.items())),
        }
    return found


def explain_page(catalog: Catalog, service: str) -> dict[str, SettingBody]:
    """Every setting of a service by its name; none for a service that is only planned."""

    found = catalog.settings_of(catalog.services[service])
    return {
        name: _setting(service, setting, [rule for rule in catalog.rules if name in _names(rule)])
        for name, setting in found.items()
    }


def _setting(service: str, setting: Setting, rules: list[Rule]) -> SettingBody:
    from mqscaffold.catalog.values import allowed

    defaults = [_shown(setting, setting.default_for(stack)) for stack in ("dev", "prod")]
    dev, prod = defaults
    return {
        "service": service,
        "setting": setting.name,
        "type": setting.type,
        "allowed": allowed(setting),
        "choices": list(setting.choices),
        "default": dev if dev == prod else f"dev {dev}, prod {prod}",
        "example": _shown(setting, setting.example).replace(", ", ","),
        "when": setting.when.text if setting.when else None,
        "planned": setting.planned or None,
        "why": setting.why,
        "docs": setting.docs,
        "property": setting.property or None,
        "sets": [f"{target.owner}.{target.name}".strip(".") for target in setting.sets],
        "values": _values(setting),
        "rules": [
            {"name": rule.name, "needs": rule.needs.text, "why": rule.why, "fix": rule.fix}
            for rule in rules
        ],
    }


def _names(rule: Rule) -> frozenset[str]:
    return rule.needs.names | (rule.when.names if rule.when else frozenset[str]())


def _shown(setting: Setting, value: Any) -> str:
    from mqscaffold.catalog import values
    from mqscaffold.catalog.expression import Expression

    if isinstance(value, Expression):
        return f"derived: {value.text}"
    return values.shown(setting, value)


def _values(setting: Setting) -> dict[str, str]:
    """Values worth offering: all of them where they can be counted, else default and limits."""
    from mqscaffold.catalog import values

    if setting.type == "bool":
        return {"true": "", "false": ""}
    if setting.choices:
        return dict.fromkeys(setting.choices, "")
    offered: dict[str, Any] = {"highest": setting.high, "lowest": setting.low}
    offered["default"] = setting.default_for("dev")
    return {
        values.shown(setting, value): text
        for text, value in offered.items()
        if isinstance(value, int | str) and value != ""
    }
