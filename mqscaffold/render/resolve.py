"""From what a project chose to what every setting is, on both stacks and for every element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import Setting
from mqscaffold.render.checks import check_chosen, check_hosts, check_project, check_stacks
from mqscaffold.render.choose import (
    Parts,
    chosen_parts,
    elements_of,
    fixed_by_parts,
    host_name,
)
from mqscaffold.render.layers import Resolver
from mqscaffold.render.places import Places, applies, places
from mqscaffold.render.resolved import Flow, Project, Values
from mqscaffold.render.rules import check_rules
from mqscaffold.render.spec import FlowSpec, Layer, Spec


def resolve(spec: Spec, catalog: Catalog) -> Project:
    """Every value of ``spec``; a UserError for an unknown name, a bad value or a broken rule."""
    flows = tuple(_flow(flow, spec, catalog) for flow in spec.flows)
    check_project(spec, flows, catalog)
    check_hosts(spec, flows)
    own = {
        name: value
        for flow in flows
        for name, value in flow.values.items()
        if value.setting.level == "project"
    }
    project = Project(spec.name, spec, flows, own)
    for flow in flows:
        check_rules(flow, catalog)
    return project


class _Shape(NamedTuple):
    """A flow's settings, elements and values so far, and the places that these lead to."""

    settings: Mapping[str, Setting]
    fixed: Mapping[str, Any]
    items: Mapping[str, Mapping[str, Layer]]
    values: Values
    places: Places


def _shape(
    spec: FlowSpec, parts: Parts, outer: tuple[Layer, Layer, Layer], catalog: Catalog
) -> _Shape:
    """``outer`` are the layers of the project, the host and the flow."""
    pattern, service, features = parts
    settings = catalog.settings_of(service)
    fixed = fixed_by_parts(spec, pattern, service, features, outer, settings)
    items = elements_of(spec, fixed, settings)
    resolver = Resolver(settings, outer, fixed, items, spec.name)
    held = {name: resolver.value(name) for name in settings}
    shape = places(pattern, service, features, catalog, held)
    return _Shape(settings, fixed, items, held, shape)


def _flow(spec: FlowSpec, project: Spec, catalog: Catalog) -> Flow:
    parts = chosen_parts(spec, catalog)
    pattern, service, features = parts
    host = host_name(spec, service, project)
    shared = project.hosts[host].values if host in project.hosts else Layer()
    outer = (project.project, shared, spec.values)
    settings, fixed, items, held, shape = _shape(spec, parts, outer, catalog)
    lists = {slot.each for slot in shape.slots.values() if slot.each in items}
    code = "code" not in held or held["code"].only == "python"
    usable = {name for name in settings if applies(settings[name], shape, lists, code)}
    resolved_items = {
        each: {
            item: Resolver(settings, (*outer, layer), fixed, items, spec.name, each, item).all(
                usable
            )
            for item, layer in elements.items()
        }
        for each, elements in items.items()
        if each in lists
    }
    flow = Flow(
        spec.name,
        pattern,
        service,
        features,
        shape,
        {name: value for name, value in held.items() if name in usable},
        resolved_items,
        host,
    )
    check_chosen(spec, flow, settings)
    check_stacks(flow)
    return flow


def lists_of(spec: FlowSpec, catalog: Catalog) -> Mapping[str, Mapping[str, Layer]]:
    """The elements of every list that this flow's places repeat over, defaults filled in."""
    parts = chosen_parts(spec, catalog)
    shape = _shape(spec, parts, (Layer(), Layer(), spec.values), catalog)
    used = {*spec.items, *(slot.each for slot in shape.places.slots.values())}
    return {name: elements for name, elements in shape.items.items() if name in used}
