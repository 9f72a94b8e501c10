"""Settings, and the rules between them, out of the catalog's tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from mqscaffold.catalog import model
from mqscaffold.catalog.source import Table
from mqscaffold.catalog.values import by_stack
from mqscaffold.catalog.values import read as read_value
from mqscaffold.errors import UserError
from mqscaffold.records import replace

_SCALAR = (str, int, bool, list, dict)
_TYPES = get_args(model.SettingType)
_PREFIXED = ("code", "config", "setting", "slot", "items", "files")


def setting(name: str, family: str, table: Table) -> model.Setting:
    table.identifiers("", [name])
    kind = table.one_of("type", _TYPES)
    planned = table.text("planned", "")
    setting = model.Setting(
        name,
        kind,
        why=table.text("why"),
        docs=table.text("docs"),
        sets=tuple(_target(table, text) for text in table.words("sets")),
        family=family,
        unit=table.text("unit", ""),
        choices=table.words("choices"),
        pattern=table.text("pattern", ""),
        says=table.text("says", ""),
        when=table.parsed("when", table.text("when")) if "when" in table.data else None,
        property=table.text("property", ""),
        kind=table.text("kind", ""),
        level=table.one_of("level", model.LEVELS) if "level" in table.data else None,
        ask=table.get("ask", bool, False),
        planned=planned,
    )
    if not setting.sets and not planned:
        raise table.error("`sets` is missing")
    if kind == "enum" and not setting.choices:
        raise table.error("`choices` is missing")
    try:
        re.compile(setting.pattern)
    except re.error as error:
        raise table.error(f"`pattern` is no regular expression: {error}", key="pattern") from error
    raw = {key: table.get(key, _SCALAR, None) for key in ("default", "low", "high", "example")}
    if raw["default"] is None and not planned:
        raise table.error("`default` is missing")
    if raw["example"] is None and not planned:
        raise table.error("`example` is missing")
    finished = _with_values(setting, raw, table)
    table.end()
    return finished


_READ_AGAIN = ("duration", "size", "items")


def _with_values(setting: model.Setting, raw: Mapping[str, Any], table: Table) -> model.Setting:
    """``setting`` with its default, range and example read in its own type."""

    def value(key: str, given: Any) -> Any:
        if isinstance(given, str) and given.startswith("="):
            return table.parsed(key, given[1:])
        # A packed catalog was checked when it was packed; only what has a unit is read again.
        if given in ("", [], {}) or (table.source.trusted and setting.type not in _READ_AGAIN):
            return given
        try:
            return read_value(setting, given, key)
        except UserError as error:
            raise table.error(error.message, key=key, near=error.near) from error

    low, high = (None if raw[key] is None else value(key, raw[key]) for key in ("low", "high"))
    setting = replace(setting, low=low, high=high)
    default = raw["default"]
    if stacks := by_stack(default):
        default = model.StackDefault({name: value("default", stacks[name]) for name in stacks})
    elif default is not None:
        default = value("default", default)
    example = None if raw["example"] is None else value("example", raw["example"])
    return replace(setting, default=default, example=example)


def with_default(setting: model.Setting, default: Any) -> model.Setting:
    """``setting`` with the default that a service gives it."""

    def one(value: Any) -> Any:
        return read_value(setting, value, setting.name)

    if stacks := by_stack(default):
        return replace(setting, default=model.StackDefault({k: one(v) for k, v in stacks.items()}))
    return replace(setting, default=one(default))


def _target(table: Table, text: str) -> model.Target:
    kind, mark, rest = text.partition(":")
    if mark and kind in _PREFIXED:
        owner, _, name = rest.rpartition(".") if kind == "code" else ("", "", rest)
        return model.Target(cast(Any, kind), owner, name)
    owner, dot, name = text.partition(".")
    if not dot or mark:
        words = ", ".join(f"{word}:" for word in _PREFIXED)
        raise table.error(
            f"`{text}` is neither Component.argument nor begins with one of {words}", key="sets"
        )
    return model.Target("arg", owner, name)


def rule(name: str, table: Table) -> model.Rule:
    rule = model.Rule(
        name,
        table.parsed("needs", table.text("needs")),
        why=table.text("why"),
        docs=table.text("docs"),
        fix=table.text("fix"),
        when=table.parsed("when", table.text("when")) if "when" in table.data else None,
        feature=table.text("feature", ""),
        chosen=table.words("chosen"),
        example=table.get("example", dict),
    )
    table.end()
    return rule
