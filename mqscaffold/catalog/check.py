"""A catalog as a whole: everything it names exists. Run on every catalog that is read from TOML."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mqscaffold.catalog.expression import Expression
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.matrix import suggestion
from mqscaffold.catalog.model import STACKS, Part, Service, Setting, Slot
from mqscaffold.catalog.parts import references
from mqscaffold.catalog.source import CatalogError
from mqscaffold.catalog.values import by_stack
from mqscaffold.catalog.values import read as read_value
from mqscaffold.errors import UserError
from mqscaffold.names import nearest

_FILES = ("patterns", "topologies", "features", "rules", "services", "prices")
_FOLDERS = ("services", "clouds", "components", "settings")


def check(catalog: Catalog) -> None:
    """Build everything, then look every name up; CatalogError names the first that is missing."""
    _files(catalog)
    _patterns(catalog)
    _parts(catalog)
    _clouds(catalog)
    _services(catalog)
    _settings(catalog)
    _rules(catalog)
    _ = catalog.prices


def _need(
    catalog: Catalog, names: Iterable[str], known: Collection[str], file: str, *path: str
) -> None:
    for name in names:
        if name not in known:
            raise CatalogError(
                f"{name!r} is not in the catalog",
                where=catalog.source.place(file, *path),
                near=nearest(name, list(known)),
            )


def _files(catalog: Catalog) -> None:
    known = [f"{name}.toml" for name in _FILES]
    for file in catalog.source.files:
        folder, inside, name = file.partition("/")
        if file not in known and (folder not in _FOLDERS or "/" in name):
            raise CatalogError(
                "no file of a catalog has this name",
                where=catalog.source.place(file),
                near=nearest(folder, _FOLDERS, count=1)
                if inside
                else nearest(file, known, count=1),
            )


def _patterns(catalog: Catalog) -> None:
    for key, pattern in catalog.patterns.items():
        topology = [pattern.topology] if pattern.topology else []
        _need(catalog, topology, catalog.topologies, "patterns.toml", key, "topology")
        _need(catalog, pattern.features, catalog.features, "patterns.toml", key, "features")
        if not pattern.topology and not pattern.features:
            raise CatalogError(
                "a pattern names a topology or a feature",
                where=catalog.source.place("patterns.toml", key),
            )


def _parts(catalog: Catalog) -> None:
    places = _places(catalog)
    for file, parts in (
        ("topologies.toml", catalog.topologies),
        ("features.toml", catalog.features),
    ):
        for key, part in parts.items():
            _need(catalog, part.implies, catalog.features, file, key, "implies")
            for conflict in part.conflicts:
                names = [conflict.feature]
                _need(catalog, names, catalog.features, file, key, "conflicts", conflict.feature)
            if part.entry:
                _need(catalog, [part.entry], part.slots, file, key, "entry")
            processes = [process.name for process in part.processes]
            if part.relay:
                _need(catalog, [part.relay], processes, file, key, "relay")
            for relation, names in part.joins.items():
                _need(catalog, names, places, file, key, "joins", relation)
            _processes(catalog, part, places, file)


def _processes(catalog: Catalog, part: Part, places: Collection[str], file: str) -> None:
    for process in part.processes:
        path = (part.name, "processes", process.name)
        names = {
            "sends": process.sends,
            "reads": process.reads,
            "operates": process.operates,
            "uses": process.uses,
            "each": (process.each,) if process.each else (),
        }
        for key, named in names.items():
            _need(catalog, named, places, file, *path, key)


def _places(catalog: Catalog) -> set[str]:
    """Every place that a part asks for or something fills; "entry" stands for the topology's."""
    parts = [*catalog.topologies.values(), *catalog.features.values()]
    found = {slot for part in parts for slot in part.slots} | {"entry"}
    for owner in (*catalog.clouds.values(), *catalog.services.values()):
        found.update(owner.slots)
        for variant in owner.variants:
            found.update(variant.slots)
    return found


def _clouds(catalog: Catalog) -> None:
    for key, cloud in catalog.clouds.items():
        file = f"clouds/{key}.toml"
        _slots(catalog, cloud.slots, file, "slots")
        for variant in cloud.variants:
            _slots(catalog, variant.slots, file, "variants", variant.name, "slots")
            known = {s.name for s in catalog.settings}
            _need(catalog, variant.condition.names, known, file, "variants", variant.name, "if")


def _services(catalog: Catalog) -> None:
    parts = {*catalog.topologies, *catalog.features}
    families = {name for name, _ in catalog.source.below("settings")}
    for key, service in catalog.services.items():
        file = f"services/{key}.toml"
        raw = catalog.source.files[file]
        _need(catalog, [service.carrier], parts, file, "carrier")
        if service.slots:
            _need(catalog, [service.cloud], catalog.clouds, file, "cloud")
        if like := str(raw.get("like", "")):
            _like(catalog, like, file)
        _need(catalog, service.families, families, file, "families")
        for table in ("states", "refusals", "settings", "parts"):
            for part in raw.get(table, {}):
                _need(catalog, [part], parts, file, table, part)
        for name, variant in raw.get("variants", {}).items():
            for table in ("states", "refusals"):
                for part in variant.get(table, {}):
                    _need(catalog, [part], parts, file, "variants", name, table, part)
            _refusals(catalog, variant, key, file, "variants", name)
        _refusals(catalog, raw, key, file)
        for part, choice in service.choices.items():
            if choice.over:
                _need(catalog, [choice.over], catalog.topologies, file, "parts", part, "over")
            _slots(catalog, choice.fill, file, "parts", part, "slots")
        if "slots" in raw:
            _slots(catalog, service.slots, file, "slots")
        if service.slots:
            _chosen(catalog, service, raw, file)


def _like(catalog: Catalog, like: str, file: str) -> None:
    name, _, variant = like.partition("+")
    _need(catalog, [name], catalog.services, file, "like")
    variants = [one.name for one in catalog.services[name].variants]
    _need(catalog, [variant] if variant else [], variants, file, "like")


def _refusals(
    catalog: Catalog, table: Mapping[str, Any], service: str, file: str, *path: str
) -> None:
    """What a refusal names instead is another cell of the catalog."""
    for part, words in table.get("refusals", {}).items():
        where = (*path, "refusals", part, "instead")
        for entry in words["instead"]:
            said = suggestion(entry, next(iter(catalog.patterns)), service)
            _need(catalog, [said.service], catalog.services, file, *where)
            _need(catalog, [said.pattern], catalog.patterns, file, *where)


def _chosen(catalog: Catalog, service: Service, raw: Mapping[str, Any], file: str) -> None:
    """The settings that a service gives a value of its own, and what its variants read."""
    families = (*service.families, service.cloud)
    known = {s.name: s for s in catalog.settings if s.family in families}
    for part, table in raw.get("settings", {}).items():
        for name, value in table.items():
            _need(catalog, [name], known, file, "settings", part, name)
            _read(catalog, known[name], value, file, "settings", part, name)
    for name, value in raw.get("defaults", {}).items():
        _need(catalog, [name], known, file, "defaults", name)
        for one in (by_stack(value) or {"": value}).values():
            _read(catalog, known[name], one, file, "defaults", name)
    for variant in service.variants:
        _need(catalog, variant.condition.names, known, file, "variants", variant.name, "if")
        _slots(catalog, variant.slots, file, "variants", variant.name, "slots")


def _read(catalog: Catalog, setting: Setting, value: Any, file: str, *path: str) -> None:
    try:
        read_value(setting, value, setting.name)
    except UserError as error:
        where = catalog.source.place(file, *path)
        raise CatalogError(error.message, where=where, near=error.near) from error


def _slots(catalog: Catalog, slots: Mapping[str, Slot], file: str, *path: str) -> None:
    lists = {"processes", *catalog.lists}
    places = _places(catalog)
    for name, slot in slots.items():
        if not slot.component:
            continue
        _need(catalog, [slot.component], catalog.components, file, *path, name, "component")
        component = catalog.components[slot.component]
        _need(catalog, slot.args, component.args, file, *path, name, "args")
        for key, given in (("args", slot.args), ("opts", slot.opts)):
            named = [place for place, _ in references(given.values())]
            _need(catalog, named, places, file, *path, name, key)
        if slot.each:
            _need(catalog, [slot.each], lists, file, *path, name, "each")


def _settings(catalog: Catalog) -> None:
    names = {setting.name for setting in catalog.settings}
    lists = {setting.name for setting in catalog.settings if setting.type == "items"}
    places = _places(catalog)
    for setting in catalog.settings:
        file = f"settings/{setting.family}.toml"
        where = (setting.name, "sets")
        for target in setting.targets("arg"):
            owner = target.owner.partition("/")[0]
            _need(catalog, [owner], catalog.components, file, *where)
            _need(catalog, [target.name], catalog.components[owner].args, file, *where)
        for kind, known in (("setting", names), ("slot", places), ("items", lists)):
            targets = [target.name for target in setting.sets if target.kind == kind]
            _need(catalog, targets, known, file, *where)
        if setting.when is not None:
            _need(catalog, setting.when.names, names, file, setting.name, "when")
        for stack in STACKS:
            if isinstance(default := setting.default_for(stack), Expression):
                _need(catalog, default.names, names, file, setting.name, "default")


def _rules(catalog: Catalog) -> None:
    settings = {setting.name for setting in catalog.settings}
    names = {*settings, "pattern", "service"}
    for rule in catalog.rules:
        _need(catalog, rule.needs.names, names, "rules.toml", rule.name, "needs")
        if rule.when:
            _need(catalog, rule.when.names, names, "rules.toml", rule.name, "when")
        if rule.feature:
            _need(catalog, [rule.feature], catalog.features, "rules.toml", rule.name, "feature")
        _need(catalog, rule.chosen, settings, "rules.toml", rule.name, "chosen")
        _need(catalog, rule.example, settings, "rules.toml", rule.name, "example")
