"""What a user asked for, from every source, as one Spec.

``--set`` over ``--answers`` over the environment over prompts over the catalog's defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

from mqscaffold.catalog import values
from mqscaffold.catalog.load import Catalog
from mqscaffold.catalog.model import STACKS, Level, Service, Setting, Stack
from mqscaffold.errors import UserError
from mqscaffold.names import check_joined, check_name, unknown
from mqscaffold.records import dataclass, field, replace
from mqscaffold.render import spec as specs
from mqscaffold.render.cells import check_cell
from mqscaffold.render.choose import host_name, service_of
from mqscaffold.render.resolve import lists_of, resolve
from mqscaffold.render.spec import DEFAULT_HOST, Address, FlowSpec, HostSpec, Layer, Spec

ENVIRONMENT: Final = "MQSCAFFOLD_SET_"
"""A variable MQSCAFFOLD_SET_REGION sets ``region``."""


@dataclass(frozen=True)
class Question:
    """Something worth asking on a terminal: Enter takes the default."""

    name: str
    text: str
    default: str
    choices: tuple[str, ...] = ()
    check: Callable[[str], Any] | None = None  # raises UserError: ask again


Ask = Callable[[Question], str]
Set = tuple[Address, str]


@dataclass(frozen=True)
class Request:
    """One call of ``new``: every source apart, so that precedence is decided in one place."""

    name: str | None = None
    pattern: str | None = None
    service: str | None = None
    features: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    ask: Ask | None = None


def spec_of(request: Request, catalog: Catalog) -> Spec:
    """The project that ``request`` describes, every name in it checked."""
    sets = [(specs.address(key), text) for key, text in request.sets]
    shapes = [(where, text) for where, text in sets if not where.item]
    elements = [(where, text) for where, text in sets if where.item]
    base = _with_hosts(_from_answers(request, catalog) or _single(request, catalog), catalog)
    changed = _with_environment(base, request.environment, catalog)
    if request.ask is not None and len(base.flows) == 1:
        changed = _with_answers(changed, request.ask, shapes, catalog)
    # Which elements there are is settled before one of them is looked up.
    changed = _with_sets(changed, (*shapes, *elements), catalog)
    changed = _with_elements(changed, catalog)
    check_all_names(changed, catalog)
    return changed


def _from_answers(request: Request, catalog: Catalog) -> Spec | None:
    """Answers in the form of mqscaffold.toml describe the whole project."""
    if "flows" not in request.answers:
        return None
    options = {
        "--pattern": request.pattern,
        "--service": request.service,
        "--with": request.features,
    }
    for option, given in options.items():
        if given:
            raise UserError(
                f"{option} and an answers file with flows both say what to make",
                where="--answers",
                command=f"leave out {option}",
            )
    data = {"name": request.name or "", **request.answers}
    if request.name:
        data["name"] = request.name
    if not data["name"]:
        raise UserError("the project has no name", where="--answers", near='name = "shop"')
    return specs.read(data, catalog.lists, "--answers")


def _single(request: Request, catalog: Catalog) -> Spec:
    """A project of one flow, from the options and a flat answers file."""
    answers = dict(request.answers)
    said = {key: answers.pop(key, None) for key in ("pattern", "service", "name")}
    name = request.name or said["name"]
    features = (*request.features, *_texts(answers.pop("with", []), "with"))
    pattern = _asked(request, "pattern", request.pattern or said["pattern"], catalog.patterns)
    service = _asked(request, "service", request.service or said["service"], catalog.services)
    name = str(name or f"{pattern}-{service}")
    items = {
        key: specs.items(answers.pop(key), key) for key in list(answers) if key in catalog.lists
    }
    layer = specs.layer(answers, "--answers", catalog.lists)
    flow = FlowSpec(name, pattern, service, features, items=items)
    split = _split(layer, {s.name: s.level for s in _family(flow, catalog).values()})
    hosts = {DEFAULT_HOST: HostSpec(service, split["host"])} if split["host"].names() else {}
    return Spec(name, (replace(flow, values=split["flow"]),), split["project"], hosts)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    if not isinstance(value, list):
        raise UserError(f"`{where}` is a list of features", where="--answers")
    return tuple(str(item) for item in cast("list[Any]", value))


_USUAL: Final = {"pattern": "fanout", "service": "sns-sqs"}
"""What is suggested to somebody who names neither."""


def _asked(request: Request, name: str, given: Any, known: Iterable[str]) -> str:
    """What was given, if it is known; else the answer to a question, where one can be asked."""
    choices, option = sorted(known), f"--{name}"
    if given:
        if given not in choices:
            raise unknown(name, str(given), choices, where=option, command="mqscaffold list")
        return str(given)
    if request.ask is None:
        raise UserError(
            f"no {name} is given", where=option, near=_USUAL[name], command="mqscaffold list"
        )
    return request.ask(Question(name, f"Which {name}?", _USUAL[name], tuple(choices)))


def _split(layer: Layer, levels: Mapping[str, Level | None]) -> Mapping[Level, Layer]:
    """A flat table's settings by whose they are: the project's, the host's, else the flow's."""

    def of(level: Level) -> Layer:
        def kept(table: Mapping[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in table.items() if owner(key) == level}

        stacks: dict[Stack, dict[str, Any]] = {s: kept(table) for s, table in layer.stacks.items()}
        return Layer(kept(layer.both), {s: table for s, table in stacks.items() if table})

    def owner(name: str) -> Level:
        level = levels.get(name)
        return level if level in ("project", "host") else "flow"

    return {"project": of("project"), "host": of("host"), "flow": of("flow")}


def _with_hosts(spec: Spec, catalog: Catalog) -> Spec:
    """A flow that names no host lives on "main", in writing: a second flow then renames nothing."""
    for flow in spec.flows:
        if _service(flow, catalog).hosts and not flow.on:
            hosts = {DEFAULT_HOST: HostSpec(flow.service), **spec.hosts}
            spec = replace(spec, hosts=hosts).with_flow(replace(flow, on=DEFAULT_HOST))
    return spec


def _given(spec: Spec, flow: FlowSpec) -> set[str]:
    """The settings that are said for both stacks: for the flow, or around it."""
    host = spec.hosts.get(flow.on, HostSpec(flow.service))
    return {*spec.project.both, *host.values.both, *flow.values.both, *flow.items}


def _with_environment(spec: Spec, environment: Mapping[str, str], catalog: Catalog) -> Spec:
    """``spec`` with what the environment says of every flow for which answers do not."""
    known = {setting.name: setting for setting in catalog.settings}
    for variable in sorted(environment):
        if not variable.startswith(ENVIRONMENT):
            continue
        name = variable.removeprefix(ENVIRONMENT).lower()
        if name not in known:
            raise unknown("setting", name, known, where=variable)
        for flow in spec.flows:
            setting = _family(flow, catalog).get(name)
            if setting is None or setting.planned or name in _given(spec, flow):
                continue
            values.read(setting, environment[variable], variable)
            where = Address(name, flow=flow.name)
            spec = _with_set(spec, where, environment[variable], catalog)
    return spec


def _with_answers(spec: Spec, ask: Ask, sets: Sequence[Set], catalog: Catalog) -> Spec:
    """``spec`` with what the user answers; ``sets`` are already known and decide what is asked."""
    (flow,) = _with_sets(spec, sets, catalog).flows
    check_cell(flow, catalog)  # before anything is asked in vain
    given = _given(spec, spec.flows[0]) | {where.setting for where, _ in sets if not where.stack}
    for setting in _family(flow, catalog).values():
        if setting.ask and setting.name not in given and not setting.planned:
            spec = _with_answer(spec, setting, ask, sets, catalog)
    return spec


def _with_answer(
    spec: Spec, setting: Setting, ask: Ask, sets: Sequence[Set], catalog: Catalog
) -> Spec:
    preview = _with_elements(_with_sets(spec, sets, catalog), catalog)
    held = resolve(preview, catalog).flows[0].values
    if setting.name not in held:
        return spec
    default = values.shown(setting, held[setting.name].only).replace(", ", ",")

    def check(text: str) -> None:
        values.read(setting, text, setting.name)

    text = ask(
        Question(setting.name, f"{setting.name}? ({setting.why})", default, setting.choices, check)
    )
    if text == default:
        return spec
    return _with_set(spec, Address(setting.name), text, catalog)


def _service(flow: FlowSpec, catalog: Catalog) -> Service:
    return service_of(flow, catalog, f"[flows.{flow.name}] service")


def _family(flow: FlowSpec, catalog: Catalog) -> Mapping[str, Setting]:
    return catalog.settings_of(_service(flow, catalog))


def _with_sets(spec: Spec, sets: Sequence[Set], catalog: Catalog) -> Spec:
    for where, text in sets:
        spec = _with_set(spec, where, text, catalog)
    return spec


def _with_set(spec: Spec, where: Address, text: Any, catalog: Catalog) -> Spec:
    """``spec`` with one setting changed; the value is read in the setting's type and kept as text
    that mqscaffold.toml can hold."""
    flow = _addressed(spec, where, catalog)
    family = _family(flow, catalog)
    setting = family.get(where.setting)
    show = f"mqscaffold show {flow.pattern} {flow.service}"
    if setting is None:
        known = [name for name, item in family.items() if not item.planned]
        raise unknown("setting", where.setting, known, where=f"--set {where}", command=show)
    if setting.planned:
        raise UserError(
            f"{setting.name} is planned: {setting.planned}", where=f"--set {where}", command=show
        )
    value = values.toml_value(setting, values.read(setting, text, str(where)))
    if setting.type == "items":
        if where.stack or where.item:
            raise UserError(
                f"{setting.name} is one list of the flow, on both stacks",
                where=f"--set {where}",
                near=str(Address(setting.name, flow=where.flow)),
            )
        kept = flow.items.get(setting.name, {})
        elements = {item: kept.get(item, Layer()) for item in value}
        return spec.with_flow(replace(flow, items={**flow.items, setting.name: elements}))
    if where.item:
        return _with_item(spec, flow, where, value, catalog)
    if setting.level == "project":
        changed = spec.project.with_value(where.stack, setting.name, value)
        return replace(spec, project=changed)
    if setting.level == "host":
        name = host_name(flow, _service(flow, catalog), spec)
        host = spec.hosts[name]
        changed = host.values.with_value(where.stack, setting.name, value)
        return replace(spec, hosts={**spec.hosts, name: replace(host, values=changed)})
    changed = flow.values.with_value(where.stack, setting.name, value)
    return spec.with_flow(replace(flow, values=changed))


def _addressed(spec: Spec, where: Address, catalog: Catalog) -> FlowSpec:
    """The flow of an address. A setting of the whole project is read as any flow that has it."""
    names = [flow.name for flow in spec.flows]
    if where.flow and where.flow not in names:
        raise unknown("flow", where.flow, names, where=f"--set {where}")
    if where.flow:
        return spec.flow(where.flow)
    first, *others = spec.flows
    having = [flow for flow in spec.flows if where.setting in _family(flow, catalog)]
    whole = any(_family(flow, catalog)[where.setting].level == "project" for flow in having)
    if others and not whole:
        raise UserError(
            f"which flow is {where} of? there are {', '.join(names)}",
            where=f"--set {where}",
            near=[str(replace(where, flow=flow.name)) for flow in having or spec.flows],
        )
    return (having or [first])[0]


def _with_item(spec: Spec, flow: FlowSpec, where: Address, value: Any, catalog: Catalog) -> Spec:
    filled = lists_of(flow, catalog)
    if where.list not in filled:
        raise unknown("list", where.list, filled, where=f"--set {where}")
    elements = filled[where.list]
    if where.item not in elements:
        raise unknown(where.list.removesuffix("s"), where.item, elements, where=f"--set {where}")
    layer = elements[where.item].with_value(where.stack, where.setting, value)
    lists = {**filled, where.list: {**elements, where.item: layer}}
    return spec.with_flow(replace(flow, items=lists))


def _with_elements(spec: Spec, catalog: Catalog) -> Spec:
    """Every list's elements written out: a later change of a default adds and removes nothing."""
    for flow in spec.flows:
        spec = spec.with_flow(replace(flow, items=lists_of(flow, catalog)))
    return spec


def check_all_names(spec: Spec, catalog: Catalog) -> None:
    """Project, flows and elements are names that fit everywhere they end up."""
    parts = [*catalog.topologies.values(), *catalog.features.values()]
    slots = {_dashed(slot) for part in parts for slot in part.slots}
    processes = {_dashed(process.name) for part in parts for process in part.processes}
    shared = {
        _dashed(name)
        for cloud in catalog.clouds.values()
        for name, slot in cloud.slots.items()
        if slot.scope == "project"
    }
    words = {"config", "keep", "key", "keys", "handlers", "events", "dlq", "undelivered", *STACKS}
    one = len(spec.flows) == 1 and spec.name == spec.flows[0].name
    if not one:
        check_name(spec.name, what="project", where="name", stands_alone=False)
    for flow in spec.flows:
        where = "NAME" if one else f"[flows.{flow.name}]"
        check_name(flow.name, what="flow", reserved={*shared, *words, "messaging"}, where=where)
        for each, elements in flow.items.items():
            for item in elements:
                what = each.removesuffix("s")
                reserved = {*slots, *processes, *shared, *words}
                check_name(item, what=what, reserved=reserved, where=each, stands_alone=False)
                check_joined(flow.name, item, where=each)


def _dashed(name: str) -> str:
    return name.replace("_", "-")
