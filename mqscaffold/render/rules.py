"""Relations between settings, checked on each stack and for each element, before any writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mqscaffold.catalog import values
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import STACKS, Rule, Stack
from mqscaffold.errors import UserError, clean
from mqscaffold.render.resolved import Flow, Value, Values, names_on


def check_rules(flow: Flow, catalog: Catalog) -> None:
    """UserError for the first rule that ``flow`` breaks: the values, the reason, the way out."""
    for rule in rules_of(flow, catalog):
        for where, held in _scopes(flow):
            if any(name not in held or held[name].level is None for name in rule.chosen):
                continue
            for stack in STACKS:
                names = {
                    **names_on(held, stack),
                    "pattern": flow.pattern.key,
                    "service": flow.service.key,
                }
                if not _holds(rule, names):
                    same = all(held[name].same for name in rule.needs.names if name in held)
                    place = where if same else f"{stack}/{where}"
                    raise UserError(
                        f"{_said(rule, held, stack)}: {rule.why}",
                        where=f"{place} (rule {rule.name})",
                        command=rule.fix,
                    )


def rules_of(flow: Flow, catalog: Catalog) -> Iterator[Rule]:
    """The rules whose settings this flow has."""
    for rule in catalog.rules:
        if rule.feature and rule.feature not in flow.features:
            continue
        if any(name in flow.values for name in rule.needs.names):
            yield rule


def _holds(rule: Rule, names: Mapping[str, Any]) -> bool:
    held = _Names(names)
    if rule.when is not None and not rule.when.value(held):
        return True
    return bool(rule.needs.value(held))


class _Names(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        return ""


def _scopes(flow: Flow) -> Iterator[tuple[str, Values]]:
    """The flow's own values when it repeats nothing, else each element's."""
    elements = [(each, item) for each, items in flow.items.items() for item in items]
    if not elements:
        yield flow.name, flow.values
    for each, item in elements:
        yield f"{flow.name}:{each}.{item}", flow.of(each, item)


def _said(rule: Rule, held: Values, stack: Stack) -> str:
    """The settings of the rule with their values: "retention = 14d, dlq_retention = 14d"."""
    return (
        ", ".join(_pair(value, stack) for name, value in held.items() if name in rule.needs.names)
        or rule.name
    )


def _pair(value: Value, stack: Stack) -> str:
    held = value.by_stack[stack]
    if value.setting.type == "items":
        return f"{len(held)} {value.setting.name}"
    return f"{value.setting.name} = {clean(values.shown(value.setting, held), 80)}"
