"""A catalog as a whole: everything it names exists. Run on every catalog that is read from TOML."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import Setting, Slot
from mqscaffold.catalog.source import CatalogError
from mqscaffold.names import nearest


def check(catalog: Catalog) -> None:
    """Build everything, then look every name up; CatalogError names the first that is missing."""
    _patterns(catalog)
    _parts(catalog)
    _services(catalog)
    _settings(catalog)
    _rules(catalog)


def _need(name: str, known: Collection[str], file: str, path: str) -> None:
    if name not in known:
        raise CatalogError(
            f"{name!r} is not in the catalog",
            where=f"blueprints/{file}, [{path}]",
            near=nearest(name, list(known)),
        )


def _patterns(catalog: Catalog) -> None:
    for key, pattern in catalog.patterns.items():
        if pattern.topology:
            _need(pattern.topology, catalog.topologies, "patterns.toml", key)
        for feature in pattern.features:
            _need(feature, catalog.features, "patterns.toml", key)
        if not pattern.topology and not pattern.features:
            raise CatalogError(
                "a pattern names a topology or a feature", where=f"blueprints/patterns.toml, [{key}]"
            )


def _parts(catalog: Catalog) -> None:
    for file, parts in (("topologies.toml", catalog.topologies), ("features.toml", catalog.features)):
        for key, part in parts.items():
            for name in part.implies:
                _need(name, catalog.features, file, key)
            for conflict in part.conflicts:
                _need(conflict.feature, catalog.features, file, f"{key}.conflicts")
            if part.entry:
                _need(part.entry, part.slots, file, f"{key}.entry")
            if part.relay:
                _need(part.relay, [p.name for p in part.processes], file, f"{key}.relay")


def _services(catalog: Catalog) -> None:
    parts = {*catalog.topologies, *catalog.features}
    families = {name for name, _ in catalog.source.below("settings")}
    lists = {"processes", *(s.name for s in catalog.settings if s.type == "items")}
    for key, cloud in catalog.clouds.items():
        slots = [*cloud.slots.values(), *(s for v in cloud.variants for s in v.slots.values())]
        for slot in slots:
            _slot(slot, catalog, f"clouds/{key}.toml", lists)
    for key, service in catalog.services.items():
        file = f"services/{key}.toml"
        raw = catalog.source.files[file]
        _need(service.carrier, parts, file, "carrier")
        if service.cloud not in catalog.clouds and service.slots:
            _need(service.cloud, catalog.clouds, file, "cloud")
        if like := str(raw.get("like", "")).partition("+")[0]:
            _need(like, catalog.services, file, "like")
        for family in service.families:
            _need(family, families, file, "families")
        for table in ("states", "refusals", "settings", "parts"):
            for part in raw.get(table, {}):
                _need(part, parts, file, f"{table}.{part}")
        for part, choice in service.choices.items():
            if choice.over:
                _need(choice.over, catalog.topologies, file, f"parts.{part}.over")
        every = [*service.slots.values()]
        every += [slot for variant in service.variants for slot in variant.slots.values()]
        every += [slot for choice in service.choices.values() for slot in choice.fill.values()]
        for slot in every:
            _slot(slot, catalog, file, lists)
        if service.slots:
            known = {s.name for s in catalog.settings if s.family in (*service.families, service.cloud)}
            for name in _chosen_settings(raw, service.defaults):
                _need(name, known, file, "settings")


def _chosen_settings(raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    for table in raw.get("settings", {}).values():
        yield from table
    yield from defaults


def _slot(slot: Slot, catalog: Catalog, file: str, lists: Collection[str]) -> None:
    path = f"slots.{slot.name}"
    if not slot.component:
        return
    _need(slot.component, catalog.components, file, f"{path}.component")
    component = catalog.components[slot.component]
    for name in slot.args:
        _need(name, component.args, file, f"{path}.args")
    if slot.each:
        _need(slot.each, lists, file, f"{path}.each")


def _settings(catalog: Catalog) -> None:
    names = {setting.name for setting in catalog.settings}
    for setting in catalog.settings:
        file = f"settings/{setting.family}.toml"
        for target in setting.targets("arg"):
            owner = target.owner.partition("/")[0]
            _need(owner, catalog.components, file, f"{setting.name}.sets")
            _need(target.name, catalog.components[owner].args, file, f"{setting.name}.sets")
        for target in setting.targets("setting"):
            _need(target.name, names, file, f"{setting.name}.sets")
        _example(setting, file)


def _example(setting: Setting, file: str) -> None:
    if not setting.planned and setting.example is None:
        raise CatalogError("`example` is missing", where=f"blueprints/{file}, [{setting.name}]")


def _rules(catalog: Catalog) -> None:
    names = {setting.name for setting in catalog.settings} | {"pattern", "service"}
    for rule in catalog.rules:
        conditions = [rule.needs, *([rule.when] if rule.when else [])]
        for name in {name for condition in conditions for name in condition.names}:
            _need(name, names, "rules.toml", rule.name)
        if rule.feature:
            _need(rule.feature, catalog.features, "rules.toml", rule.name)
