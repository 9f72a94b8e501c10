"""The catalog's data as the model's values. A key that is unknown or missing is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqscaffold.catalog import model, parts, settings
from mqscaffold.catalog.source import Source, Table, read
from mqscaffold.records import replace

if TYPE_CHECKING:
    from mqscaffold.catalog.matrix import Cell

MatrixTables = tuple[
    Mapping[str, Any], Mapping[str, Any], Mapping[str, Any], Mapping[str, Mapping[str, Any]]
]


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
        self._settings_of: dict[str, Mapping[str, model.Setting]] = {}

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
        return {key: parts.pattern(key, table) for key, table in self._tables("patterns.toml")}

    @cached_property
    def topologies(self) -> Mapping[str, model.Part]:
        return {key: parts.part(key, table) for key, table in self._tables("topologies.toml")}

    @cached_property
    def features(self) -> Mapping[str, model.Part]:
        return {key: parts.part(key, table) for key, table in self._tables("features.toml")}

    @cached_property
    def components(self) -> Mapping[str, model.Component]:
        found: dict[str, model.Component] = {}
        for provider, _ in self.source.below("components"):
            for key, table in self._tables(f"components/{provider}.toml"):
                if key in found:
                    raise table.error(f"component {key} is declared twice")
                found[key] = parts.component(key, provider, table)
        return found

    @cached_property
    def settings(self) -> tuple[model.Setting, ...]:
        """Every setting of every file. A service has those whose targets it has."""
        return tuple(
            settings.setting(key, family, table)
            for family, _ in self.source.below("settings")
            for key, table in self._tables(f"settings/{family}.toml")
        )

    @cached_property
    def lists(self) -> frozenset[str]:
        """The settings that are lists of elements, such as ``subscribers``."""
        return frozenset(one.name for one in self.settings if one.type == "items")

    def settings_of(self, service: model.Service) -> Mapping[str, model.Setting]:
        """Every setting that some shape of ``service`` has, by name, with its own defaults."""
        if service.key not in self._settings_of:
            families = (*service.families, service.cloud)
            found = {one.name: one for one in self.settings if one.family in families}
            for name, default in service.defaults.items():
                found[name] = settings.with_default(found[name], default)
            self._settings_of[service.key] = found
        return self._settings_of[service.key]

    @cached_property
    def rules(self) -> tuple[model.Rule, ...]:
        return tuple(settings.rule(key, table) for key, table in self._tables("rules.toml"))

    @cached_property
    def clouds(self) -> Mapping[str, model.Cloud]:
        return {
            key: parts.cloud(key, Table.of(self.source, f"clouds/{key}.toml", data))
            for key, data in self.source.below("clouds")
        }

    @cached_property
    def services(self) -> Mapping[str, model.Service]:
        """Every service, in the catalog's own order."""
        return {key: self._service(key) for key in self.raw_services()}

    def raw_services(self) -> dict[str, Mapping[str, Any]]:
        """Every service's data in the catalog's own order, for the matrix."""
        table = Table.of(self.source, "services.toml", self.raw("services"))
        order = table.words("order")
        table.end()
        found = dict(self.source.below("services"))
        for key in order:
            if key not in found:
                raise table.error(f"there is no services/{key}.toml", key="order")
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

    def matrix_tables(self) -> MatrixTables:
        """Patterns, topologies, features and services, as ``catalog.matrix`` takes them."""
        raw = self.raw
        return raw("patterns"), raw("topologies"), raw("features"), self.raw_services()

    def _tables(self, file: str) -> Iterator[tuple[str, Table]]:
        yield from Table.of(self.source, file, self.source.files.get(file, {})).tables()

    def _service(self, key: str) -> model.Service:
        file = f"services/{key}.toml"
        service = parts.service(key, Table.of(self.source, file, self.source.files[file]))
        like = str(self.source.files[file].get("like", "")).partition("+")[0]
        if like and not service.slots:
            base = self._service(like)
            return replace(
                service,
                slots=base.slots,
                choices={**base.choices, **service.choices},
                adapters=service.adapters or base.adapters,
                families=service.families or base.families,
                defaults={**base.defaults, **service.defaults},
                variants=service.variants or base.variants,
            )
        return service
