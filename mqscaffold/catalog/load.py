"""The catalog's data as the model's values. Unknown keys and missing ones are errors, with a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mqscaffold.catalog import model
from mqscaffold.catalog.expression import Expression, ExpressionError, parse
from mqscaffold.catalog.source import CatalogError, Source, Table, read

if TYPE_CHECKING:
    from mqscaffold.catalog.matrix import Cell

_SCALAR = (str, int, bool, list, dict)


def load(root: Path | None = None) -> Catalog:
    """The catalog at ``root``, by default the one shipped; one from elsewhere is checked whole.

    CatalogError names the file, the line and the key of the first mistake.
    """
    catalog = Catalog(read(root))
    if not catalog.source.trusted:
        from mqscaffold.catalog.check import check

        check(catalog)
    return catalog


class Catalog:
    """The catalog's values, each kind built when it is first asked for."""

    name = "mqscaffold"

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def digest(self) -> str:
        """A hash of every file's data: two catalogs with one digest generate the same bytes."""
        text = json.dumps(self.source.files, sort_keys=True, ensure_ascii=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def raw(self, name: str) -> Mapping[str, Any]:
        """The data of one file, such as "patterns"; empty when there is none."""
        return self.source.files.get(f"{name}.toml", {})

    @cached_property
    def patterns(self) -> Mapping[str, model.Pattern]:
        return {key: _pattern(key, table) for key, table in self._tables("patterns.toml")}

    @cached_property
    def topologies(self) -> Mapping[str, model.Part]:
        return {key: _part(key, table) for key, table in self._tables("topologies.toml")}

    @cached_property
    def features(self) -> Mapping[str, model.Part]:
        return {key: _part(key, table) for key, table in self._tables("features.toml")}

    @cached_property
    def components(self) -> Mapping[str, model.Component]:
        found: dict[str, model.Component] = {}
        for provider, _ in self.source.below("components"):
            for key, table in self._tables(f"components/{provider}.toml"):
                if key in found:
                    raise table.error(f"component {key} is declared twice")
                found[key] = _component(key, provider, table)
        return found

    @cached_property
    def settings(self) -> tuple[model.Setting, ...]:
        """Every setting of every file. A service has those whose targets it has."""
        return tuple(
            _setting(key, family, table)
            for family, _ in self.source.below("settings")
            for key, table in self._tables(f"settings/{family}.toml")
        )

    @cached_property
    def rules(self) -> tuple[model.Rule, ...]:
        return tuple(_rule(key, table) for key, table in self._tables("rules.toml"))

    @cached_property
    def clouds(self) -> Mapping[str, model.Cloud]:
        return {
            key: _cloud(key, Table.of(self.source, f"clouds/{key}.toml", data))
            for key, data in self.source.below("clouds")
        }

    @cached_property
    def services(self) -> Mapping[str, model.Service]:
        """Every service, in the catalog's own order."""
        return {key: self._service(key) for key in self.raw_services()}

    def raw_services(self) -> dict[str, Mapping[str, Any]]:
        """Every service's data in the catalog's own order, for the matrix."""
        order = list(self.raw("services").get("order", []))
        found = dict(self.source.below("services"))
        return {key: found[key] for key in [*order, *sorted(set(found) - set(order))]}

    @cached_property
    def prices(self) -> Mapping[str, float]:
        """US dollars a month for one idle resource of a type; types not named cost nothing."""
        table = Table.of(self.source, "prices.toml", self.raw("prices"))
        table.text("region", "")
        table.text("docs", "")
        monthly = table.sub("monthly")
        prices = {key: float(monthly.get(key, (int, float))) for key in monthly.data}
        table.end()
        return prices

    @cached_property
    def matrix(self) -> tuple[Cell, ...]:
        """Every pattern on every service and each of its variants."""
        from mqscaffold.catalog.matrix import cells

        return cells(*self.matrix_tables())

    def matrix_tables(self) -> tuple[Mapping[str, Any], ...]:
        """What the functions of ``catalog.matrix`` take."""
        names = ("patterns", "topologies", "features")
        return (*(self.raw(name) for name in names), self.raw_services())

    def _tables(self, file: str) -> Iterator[tuple[str, Table]]:
        yield from Table.of(self.source, file, self.source.files.get(file, {})).tables()

    def _service(self, key: str) -> model.Service:
        file = f"services/{key}.toml"
        service = _service(key, Table.of(self.source, file, self.source.files[file]))
        like = str(self.source.files[file].get("like", "")).partition("+")[0]
        if like and not service.slots:
            base = self._service(like)
            return model.Service(
                **{
                    **{name: getattr(service, name) for name in service.__dataclass_fields__},
                    "slots": base.slots,
                    "choices": {**base.choices, **service.choices},
                    "adapters": service.adapters or base.adapters,
                    "families": service.families or base.families,
                    "defaults": {**base.defaults, **service.defaults},
                    "variants": service.variants or base.variants,
                }
            )
        return service


def _pattern(key: str, table: Table) -> model.Pattern:
    pattern = model.Pattern(
        key,
        table.text("title"),
        table.text("says"),
        table.text("topology", ""),
        table.words("features"),
    )
    table.end()
    return pattern


def _part(key: str, table: Table) -> model.Part:
    # usual, reason and instead are the matrix's: catalog/matrix.py reads them.
    for name in ("usual", "reason"):
        table.text(name, "")
    table.words("instead")
    part = model.Part(
        key,
        table.text("says"),
        slots=table.words("slots"),
        entry=table.text("entry", ""),
        processes=tuple(_process(name, sub) for name, sub in table.sub("processes").tables()),
        implies=table.words("implies"),
        conflicts=tuple(_conflict(name, sub) for name, sub in table.sub("conflicts").tables()),
        joins=_joins(table.sub("joins")),
        relay=table.text("relay", ""),
        operation=table.text("operation", ""),
        envelope=table.text("envelope", ""),
    )
    table.end()
    return part


def _joins(table: Table) -> Mapping[str, tuple[str, ...]]:
    joins = {relation: table.words(relation) for relation in ("send", "read", "operate")}
    table.end()
    return joins


def _process(name: str, table: Table) -> model.Process:
    by = table.text("by", "")
    if by not in ("", "service"):
        raise table.error("`by` is only ever service", key="by")
    process = model.Process(
        name,
        sends=table.words("sends"),
        reads=table.words("reads"),
        operates=table.words("operates"),
        uses=table.words("uses"),
        each=table.text("each", ""),
        by=by,
    )
    table.end()
    return process


def _conflict(feature: str, table: Table) -> model.Conflict:
    conflict = model.Conflict(feature, table.text("why"), table.text("instead"))
    table.end()
    return conflict


def _component(key: str, provider: str, table: Table) -> model.Component:
    args = {
        name: model.REQUIRED if value == "required" else value
        for name, value in cast("dict[str, Any]", table.get("args", dict, {})).items()
    }
    resources: list[model.Resources] = []
    for entry in cast("list[dict[str, str]]", table.get("resources", list, [])):
        if set(entry) != {"type", "count"}:
            raise table.error("a resource has a type and a count", key="resources")
        resources.append(
            model.Resources(entry["type"], _expression(table, "resources", entry["count"]))
        )
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
        resources=tuple(resources),
        says=table.text("says", ""),
        beside=table.text("beside", ""),
    )
    table.end()
    return component


def _slot(name: str, table: Table) -> model.Slot:
    by = table.text("by", "")
    if by not in ("", "code"):
        raise table.error("`by` is only ever code", key="by")
    scope = table.text("scope", "flow")
    if scope not in ("flow", "host", "project"):
        raise table.error("`scope` is flow, host or project", key="scope")
    slot = model.Slot(
        name,
        component="" if by else table.text("component"),
        each=table.text("each", ""),
        scope=cast(Any, scope),
        suffix=table.get("suffix", str, None),
        args=table.get("args", dict, {}),
        opts=table.get("opts", dict, {}),
    )
    table.end()
    return slot


def _slots(table: Table) -> Mapping[str, model.Slot]:
    return {name: _slot(name, sub) for name, sub in table.sub("slots").tables()}


def _variant(name: str, table: Table) -> model.Variant:
    table.text("says", "")
    for matrix_only in ("states", "refusals", "settings"):
        table.get(matrix_only, dict, {})
    variant = model.Variant(
        name,
        _expression(table, "if", table.text("if")),
        slots=_slots(table),
        drop=table.words("drop"),
        cloud=table.text("cloud", ""),
    )
    table.end()
    return variant


def _variants(table: Table) -> tuple[model.Variant, ...]:
    return tuple(_variant(name, sub) for name, sub in table.sub("variants").tables())


def _cloud(key: str, table: Table) -> model.Cloud:
    cloud = model.Cloud(key, table.text("title"), _slots(table), _variants(table))
    table.end()
    return cloud


def _service(key: str, table: Table) -> model.Service:
    for matrix_only in ("states", "refusals"):
        table.get(matrix_only, dict, {})
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
        adapters=table.words("adapters"),
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


_TYPES = frozenset(
    ("bool", "int", "duration", "size", "enum", "string", "list", "map", "json", "secret", "items")
)
_PREFIXED = ("code", "config", "setting", "slot", "items", "files")


def _setting(name: str, family: str, table: Table) -> model.Setting:
    kind = table.text("type")
    if kind not in _TYPES:
        raise table.error(f"`{kind}` is no type of setting", key="type")
    planned = table.text("planned", "")
    setting = model.Setting(
        name,
        cast(model.SettingType, kind),
        why=table.text("why"),
        docs=table.text("docs"),
        sets=tuple(_target(table, text) for text in table.words("sets")),
        family=family,
        unit=table.text("unit", ""),
        choices=table.words("choices"),
        pattern=table.text("pattern", ""),
        says=table.text("says", ""),
        when=_expression(table, "when", table.text("when")) if "when" in table.data else None,
        property=table.text("property", ""),
        kind=table.text("kind", ""),
        level=cast("model.Level | None", table.get("level", str, None)),
        ask=table.get("ask", bool, False),
        planned=planned,
    )
    if not setting.sets and not planned:
        raise table.error("`sets` is missing", key="")
    raw = {key: table.get(key, _SCALAR, None) for key in ("default", "low", "high", "example")}
    if raw["default"] is None and not planned:
        raise table.error("`default` is missing", key="")
    finished = _with_values(setting, raw, table)
    table.end()
    return finished


def _with_values(setting: model.Setting, raw: Mapping[str, Any], table: Table) -> model.Setting:
    """``setting`` with its default, range and example read in its own type."""
    from dataclasses import replace

    from mqscaffold.catalog.values import read as read_value

    def value(key: str, given: Any) -> Any:
        if isinstance(given, str) and given.startswith("="):
            return _expression(table, key, given[1:])
        if given in ("", [], {}):
            return given
        try:
            return read_value(setting, given, key)
        except CatalogError:
            raise
        except Exception as error:
            raise table.error(f"`{key}`: {error}", key=key) from error

    low, high = (None if raw[key] is None else value(key, raw[key]) for key in ("low", "high"))
    setting = replace(setting, low=low, high=high)
    default = raw["default"]
    if isinstance(default, dict) and set(cast("dict[str, Any]", default)) == {"dev", "prod"}:
        stacks = cast("dict[model.Stack, Any]", default)
        default = model.StackDefault({name: value("default", stacks[name]) for name in stacks})
    elif default is not None:
        default = value("default", default)
    example = None if raw["example"] is None else value("example", raw["example"])
    return replace(setting, default=default, example=example)


def _target(table: Table, text: str) -> model.Target:
    kind, mark, rest = text.partition(":")
    if mark and kind in _PREFIXED:
        owner, _, name = rest.rpartition(".") if kind == "code" else ("", "", rest)
        return model.Target(cast(Any, kind), owner, name)
    owner, dot, name = text.partition(".")
    if not dot or mark:
        raise table.error(f"`{text}` is neither Component.argument nor one of {_PREFIXED}", key="sets")
    return model.Target("arg", owner, name)


def _rule(name: str, table: Table) -> model.Rule:
    rule = model.Rule(
        name,
        _expression(table, "needs", table.text("needs")),
        why=table.text("why"),
        docs=table.text("docs"),
        fix=table.text("fix"),
        when=_expression(table, "when", table.text("when")) if "when" in table.data else None,
        feature=table.text("feature", ""),
        example=table.get("example", dict),
    )
    table.end()
    return rule


def _expression(table: Table, key: str, text: str) -> Expression:
    try:
        return parse(text)
    except ExpressionError as error:
        raise table.error(str(error), key=key) from error
