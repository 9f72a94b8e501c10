"""What was chosen is known, does something, and stands where it can: checked once resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mqscaffold.catalog import values
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import STACKS, Setting
from mqscaffold.errors import UserError, quote
from mqscaffold.names import check_name, unknown
from mqscaffold.render.places import per_element
from mqscaffold.render.resolved import Flow, Values, names_on
from mqscaffold.render.spec import FlowSpec, Layer, Spec


def check_chosen(spec: FlowSpec, flow: Flow, settings: Mapping[str, Setting]) -> None:
    """Every name written for the flow and its elements is one it has, and does something."""
    cell = f"{flow.pattern.key} on {flow.service.key}"
    show = f"mqscaffold show {flow.pattern.key} {flow.service.key}"
    for name in sorted(spec.values.names()):
        where = f"{flow.name}:{name}"
        _known(name, settings, flow.values, cell, where, show)
        setting = settings[name]
        if setting.level == "project":
            raise UserError(
                f"{name} is a setting of the whole project",
                where=f"[flows.{flow.name}]",
                near=f"[project] {name}",
            )
        if setting.level == "host":
            raise UserError(
                f"{name} is a setting of the host",
                where=f"[flows.{flow.name}]",
                near=f"[hosts.{flow.host}] {name}",
            )
        _not_inert(flow, setting, flow.values, where)
    for each, elements in spec.items.items():
        if each not in flow.items:
            raise UserError(f"{cell} has no {each}", where=f"[flows.{flow.name}]", command=show)
        for item, layer in elements.items():
            for name in sorted(layer.names()):
                where = f"{each}.{item}.{name}"
                _known(name, settings, flow.values, cell, where, show)
                if per_element(settings[name], flow.places) != each:
                    whole = settings[name].level or "flow"
                    raise UserError(
                        f"{name} holds for the whole {whole}, not for one of its {each}",
                        where=where,
                        near=[f"{at}={value}" for at, value in _written(settings[name], layer)],
                    )
                _not_inert(flow, settings[name], flow.items[each][item], where)


def _written(setting: Setting, layer: Layer) -> Iterator[tuple[str, str]]:
    """The addresses and values that a table gives ``setting``, moved to the whole flow."""
    for prefix, table in (("", layer.both), *((f"{s}/", layer.stacks.get(s, {})) for s in STACKS)):
        if setting.name in table:
            value = values.read(setting, table[setting.name], setting.name)
            yield f"{prefix}{setting.name}", values.shown(setting, value)


def check_stacks(flow: Flow) -> None:
    """What decides files or code is the same on every stack: there is one repository."""
    scopes = [("", flow.values)]
    for each, elements in flow.items.items():
        scopes += [(f"{each}.{item}.", held) for item, held in elements.items()]
    for prefix, held in scopes:
        for name, value in held.items():
            fixed = [t for t in value.setting.sets if t.kind in ("code", "files", "slot", "items")]
            if fixed and not value.same:
                raise UserError(
                    f"{name} differs between dev and prod, but it is written into files that both"
                    " stacks share",
                    where=f"{flow.name}:{prefix}{name}",
                    command="set it without a stack",
                )


def _known(
    name: str,
    settings: Mapping[str, Setting],
    usable: Values,
    cell: str,
    where: str,
    show: str,
) -> None:
    if name in usable:
        return
    if name in settings and settings[name].planned:
        raise UserError(f"{name} is planned: {settings[name].planned}", where=where, command=show)
    if name in settings:
        raise UserError(f"{quote(name)} does nothing for {cell}", where=where, command=show)
    raise unknown("setting", name, usable, where=where, command=show)


def _not_inert(flow: Flow, setting: Setting, held: Values, where: str) -> None:
    """A setting that was chosen but has no effect here hides a misunderstanding."""
    if setting.when is None:
        return
    if any(setting.when.value(names_on(held, stack)) for stack in STACKS):
        return
    needed = held.get(setting.when.text)
    raise UserError(
        f"{setting.name} has no effect here: it needs {setting.when.text}",
        where=where,
        near=f"{setting.when.text}=true" if needed and needed.setting.type == "bool" else None,
        command=f"mqscaffold explain {flow.service.key}.{setting.name}",
    )


def check_hosts(spec: Spec, flows: tuple[Flow, ...]) -> None:
    """Every host has a flow of its own service, and every name written for it is one of its."""
    of = {name: host.service for name, host in spec.hosts.items()}
    for flow in flows:
        if flow.host and of.setdefault(flow.host, flow.service.key) != flow.service.key:
            raise UserError(
                f"host {flow.host} is of {of[flow.host]} and flow {flow.name} of"
                f" {flow.service.key}",
                where=f"[flows.{flow.name}] on",
                near=f'on = "{flow.service.key}", with [hosts.{flow.service.key}]',
            )
    for name, host in spec.hosts.items():
        where = f"[hosts.{name}]"
        check_name(name, what="host", where=where, stands_alone=False)
        inside = [flow for flow in flows if flow.host == name]
        if not inside:
            raise UserError(f"no flow is on host {name}", where=where, near=f'on = "{name}"')
        own = {
            key: value
            for flow in inside
            for key, value in flow.values.items()
            if value.setting.level == "host"
        }
        for key in sorted(host.values.names()):
            if key not in own:
                raise unknown(f"setting of host {name}", key, own, where=f"{where} {key}")
            flow = next(flow for flow in inside if key in flow.values)
            _not_inert(flow, own[key].setting, flow.values, f"{where} {key}")


def check_project(spec: Spec, flows: tuple[Flow, ...], catalog: Catalog) -> None:
    """Every name in [project] is a setting of at least one flow."""
    usable = {name: value for flow in flows for name, value in flow.values.items()}
    settings = {setting.name: setting for setting in catalog.settings}
    for name in sorted(spec.project.names()):
        if name not in usable:
            _known(name, settings, usable, "this project", f"[project] {name}", "mqscaffold list")
        setting = usable[name].setting
        if setting.level == "host":
            raise UserError(f"{name} is a setting of a host", where=f"[project] {name}")
        flow = next(flow for flow in flows if name in flow.values)
        _not_inert(flow, setting, flow.values, f"[project] {name}")
