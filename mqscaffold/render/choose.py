"""What one flow's table chooses: its parts, its host, its elements, and what these fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mqscaffold.catalog import model, values
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import Setting
from mqscaffold.errors import UserError
from mqscaffold.names import unknown
from mqscaffold.render.spec import DEFAULT_HOST, FlowSpec, Layer, Spec, items

Parts = tuple[model.Pattern, model.Service, tuple[str, ...]]
"""A pattern, a service, and every feature by name."""


def chosen_parts(spec: FlowSpec, catalog: Catalog) -> Parts:
    """The pattern, the service and every feature, implied ones too; a UserError for a clash."""
    where = f"[flows.{spec.name}]"
    pattern = catalog.patterns.get(spec.pattern)
    if pattern is None:
        raise unknown(
            "pattern", spec.pattern, catalog.patterns, where=where, command="mqscaffold list"
        )
    service = service_of(spec, catalog, where)
    features: list[str] = []

    def add(name: str) -> None:
        if name in features:
            return
        if name not in catalog.features:
            raise unknown("feature", name, catalog.features, where=where)
        features.append(name)
        for implied in catalog.features[name].implies:
            add(implied)

    for name in (*pattern.features, *spec.features):
        add(name)
    for name in features:
        for conflict in catalog.features[name].conflicts:
            if conflict.feature in features:
                raise UserError(
                    f"{name} and {conflict.feature} cannot be together: {conflict.why}",
                    where=where,
                    command=conflict.instead,
                )
    return pattern, service, tuple(features)


def service_of(spec: FlowSpec, catalog: Catalog, where: str) -> model.Service:
    """The flow's service; a UserError at ``where`` for one that is not there."""
    service = catalog.services.get(spec.service)
    if service is None:
        raise unknown(
            "service", spec.service, catalog.services, where=where, command="mqscaffold list"
        )
    return service


def host_name(spec: FlowSpec, service: model.Service, project: Spec) -> str:
    """The host that the flow lives in: the one it names, else "main"; "" without hosts."""
    where = f"[flows.{spec.name}] on"
    if not service.hosts:
        if spec.on:
            raise UserError(f"{service.key} has no hosts to be on", where=where)
        return ""
    if not spec.on:
        return DEFAULT_HOST
    if spec.on not in project.hosts:
        raise unknown("host", spec.on, project.hosts, where=where, command=f"add [hosts.{spec.on}]")
    return spec.on


def fixed_by_parts(
    spec: FlowSpec,
    pattern: model.Pattern,
    service: model.Service,
    features: tuple[str, ...],
    layers: tuple[Layer, ...],
    settings: Mapping[str, Setting],
) -> dict[str, Any]:
    """What the chosen parts fix on this service. Choosing otherwise is a contradiction."""
    fixed: dict[str, Any] = {}
    for part in (pattern.topology, *features):
        choice = service.choices.get(part, model.Choice())
        for name, raw in choice.settings.items():
            setting = settings.get(name)
            fixed[name] = values.read(setting, raw, name) if setting else raw
            for layer in layers:
                for own in (layer.both, *layer.stacks.values()):
                    if setting is None or name not in own or setting.type == "items":
                        continue
                    if values.read(setting, own[name], name) != fixed[name]:
                        shown = values.shown(setting, fixed[name])
                        raise UserError(
                            f"{part} on {service.key} is {name} = {shown}, and {name} ="
                            f" {values.shown(setting, own[name])} contradicts it",
                            where=f"[flows.{spec.name}] {name}",
                            near=f"{name}={shown}",
                        )
    return fixed


def elements_of(
    spec: FlowSpec, fixed: Mapping[str, Any], settings: Mapping[str, Setting]
) -> dict[str, Mapping[str, Layer]]:
    """Every list's elements: those written, else those a part fixes, else the default's."""
    found: dict[str, Mapping[str, Layer]] = {}
    for name, setting in settings.items():
        if setting.type != "items":
            continue
        if name in spec.items:
            found[name] = spec.items[name]
        else:
            found[name] = items(fixed.get(name, setting.default_for("dev")), name)
        for item in found[name]:
            values.read(setting, [item], name)
    return found
