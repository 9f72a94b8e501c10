"""From what a project chose to what every setting is, on both stacks and for every element."""

from __future__ import annotations

from collections.abc import Mapping

from mqscaffold.catalog import model
from mqscaffold.catalog.load import Catalog
from mqscaffold.render.checks import check_chosen, check_hosts, check_project, check_stacks
from mqscaffold.render.choose import (
    candidates,
    chosen_parts,
    elements_of,
    fixed_by_parts,
    host_name,
)
from mqscaffold.render.layers import Resolver
from mqscaffold.render.places import applies, places
from mqscaffold.render.resolved import Flow, Project
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


def _flow(spec: FlowSpec, project: Spec, catalog: Catalog) -> Flow:
    pattern, service, features = chosen_parts(spec, catalog)
    settings = candidates(service, catalog)
    host = host_name(spec, service, project)
    shared = project.hosts[host].values if host in project.hosts else Layer()
    outer = (project.project, shared, spec.values)
    fixed = fixed_by_parts(spec, pattern, service, features, outer, settings)
    items = elements_of(spec, fixed, settings)
    first = Resolver(settings, outer, fixed, items, spec.name)
    flow_values = {name: first.value(name) for name in settings}
    shape = places(pattern, service, features, catalog, flow_values)
    lists = {slot.each for slot in shape.slots.values() if slot.each in items}
    code = "code" not in flow_values or flow_values["code"].only == "python"
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
        {name: value for name, value in flow_values.items() if name in usable},
        resolved_items,
        host,
    )
    check_chosen(spec, flow, settings)
    check_stacks(flow)
    return flow


def lists_of(
    spec: FlowSpec,
    pattern: model.Pattern,
    service: model.Service,
    features: tuple[str, ...],
    catalog: Catalog,
) -> Mapping[str, Mapping[str, Layer]]:
    """The elements of every list that this flow's places repeat over, defaults filled in."""
    settings = candidates(service, catalog)
    layers = (Layer(), Layer(), spec.values)
    fixed = fixed_by_parts(spec, pattern, service, features, layers, settings)
    items = elements_of(spec, fixed, settings)
    held = Resolver(settings, layers, fixed, items, spec.name)
    shape = places(
        pattern, service, features, catalog, {name: held.value(name) for name in settings}
    )
    used = {slot.each for slot in shape.slots.values()}
    return {
        name: elements for name, elements in items.items() if name in used or name in spec.items
    }
