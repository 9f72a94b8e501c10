"""mqscaffold.toml: what a project chose, read strictly, changed by an address, written in one way.

A setting's address is ``[STACK/][FLOW:][ITEMS.NAME.]setting``: ``prod/orders:subscribers.billing.
retention``. The stack is left out for both, the flow while there is only one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from mqscaffold.catalog.model import STACKS, Stack
from mqscaffold.errors import UserError, quote
from mqscaffold.names import nearest
from mqscaffold.records import dataclass, field, replace

SCHEMA: Final = 1
FILE: Final = "mqscaffold.toml"
DEFAULT_HOST: Final = "main"


@dataclass(frozen=True)
class Layer:
    """The settings of one table, as written: for both stacks, and for one of them."""

    both: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stacks: Mapping[Stack, Mapping[str, Any]] = field(
        default_factory=dict[Stack, Mapping[str, Any]]
    )

    def names(self) -> set[str]:
        return set(self.both).union(*self.stacks.values())

    def with_value(self, stack: Stack | None, name: str, value: Any) -> Layer:
        if stack is None:
            return replace(self, both={**self.both, name: value})
        return replace(
            self, stacks={**self.stacks, stack: {**self.stacks.get(stack, {}), name: value}}
        )


@dataclass(frozen=True)
class FlowSpec:
    """One ``[flows.<name>]``: a pattern on a service with its answers, as written."""

    name: str
    pattern: str
    service: str
    features: tuple[str, ...] = ()
    on: str = ""
    values: Layer = field(default_factory=Layer)
    items: Mapping[str, Mapping[str, Layer]] = field(default_factory=dict[str, Mapping[str, Layer]])
    """The elements by list: {"subscribers": {"billing": Layer}}; only lists that were written."""


@dataclass(frozen=True)
class HostSpec:
    """One ``[hosts.<name>]``: what flows of one service live in and share, as written."""

    service: str
    values: Layer = field(default_factory=Layer)


@dataclass(frozen=True)
class Spec:
    """A project as its mqscaffold.toml says it."""

    name: str
    flows: tuple[FlowSpec, ...]
    project: Layer = field(default_factory=Layer)
    hosts: Mapping[str, HostSpec] = field(default_factory=dict[str, HostSpec])
    catalog: Mapping[str, str] = field(default_factory=dict[str, str])

    def flow(self, name: str) -> FlowSpec:
        for flow in self.flows:
            if flow.name == name:
                return flow
        known = [flow.name for flow in self.flows]
        raise UserError(f"there is no flow {name!r}", near=nearest(name, known) or known[0])

    def with_flow(self, changed: FlowSpec) -> Spec:
        flows = tuple(changed if flow.name == changed.name else flow for flow in self.flows)
        return replace(self, flows=flows)


@dataclass(frozen=True)
class Address:
    """Where a setting stands: a stack or both, a flow, and a list's element or the flow itself."""

    setting: str
    stack: Stack | None = None
    flow: str = ""
    list: str = ""
    item: str = ""

    def __str__(self) -> str:
        stack = f"{self.stack}/" if self.stack else ""
        flow = f"{self.flow}:" if self.flow else ""
        path = f"{self.list}.{self.item}." if self.item else ""
        return f"{stack}{flow}{path}{self.setting}"


_ADDRESS = re.compile(
    r"(?:(?P<stack>[^/:.\s]+)/)?(?:(?P<flow>[^/:.\s]+):)?"
    r"(?:(?P<list>[^/:.\s]+)\.(?P<item>[^/:.\s]+)\.)?(?P<setting>[^/:.\s]+)"
)


def address(text: str) -> Address:
    """``text`` as an address; a UserError shows the form when it is none."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise UserError(
            f"{text!r} is no setting's address",
            where=text,
            near="[STACK/][FLOW:][LIST.NAME.]setting, such as prod/subscribers.billing.retention",
        )
    stack = match["stack"]
    if stack is not None and stack not in STACKS:
        raise UserError(
            f"{stack!r} is no stack", where=text, near=nearest(stack, STACKS) or " or ".join(STACKS)
        )
    return Address(
        match["setting"],
        stack,
        match["flow"] or "",
        match["list"] or "",
        match["item"] or "",
    )


_FLOW_KEYS: Final = ("pattern", "service", "with", "on")


def read(data: Mapping[str, Any], lists: frozenset[str], where: str = FILE) -> Spec:
    """The Spec that ``data`` (parsed mqscaffold.toml) says; ``lists`` are the names of item lists.

    Names of settings are not checked here: which exist depends on the pattern and the service.
    """
    _known(data, ("schema", "name", "catalog", "project", "flows", "hosts"), where)
    schema = data.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise UserError(
            f"schema {schema} is not the one this version writes ({SCHEMA})",
            where=where,
            command="pip install --upgrade mqscaffold",
        )
    flows, hosts = _table(data, "flows", where), _table(data, "hosts", where)
    if not flows:
        raise UserError("there is no flow", where=where, near="[flows.orders]")
    return Spec(
        name=_text(data, "name", where),
        catalog=_table(data, "catalog", where),
        project=layer(_table(data, "project", where), f"{where} [project]"),
        hosts={
            name: _host(_table(hosts, name, where), f"{where} [hosts.{name}]") for name in hosts
        },
        flows=tuple(
            _flow(name, _table(flows, name, where), lists, f"{where} [flows.{name}]")
            for name in flows
        ),
    )


def _flow(name: str, data: Mapping[str, Any], lists: frozenset[str], where: str) -> FlowSpec:
    features = data.get("with", [])
    if not isinstance(features, list) or not all(isinstance(x, str) for x in features):  # type: ignore[reportUnknownVariableType]
        raise UserError("`with` is a list of features", where=where)
    return FlowSpec(
        name,
        _text(data, "pattern", where),
        _text(data, "service", where),
        tuple(cast("list[str]", features)),
        str(data.get("on", "")),
        layer({k: v for k, v in data.items() if k not in (*_FLOW_KEYS, *lists)}, where, lists),
        {key: items(data[key], f"{where}.{key}") for key in data if key in lists},
    )


def _host(data: Mapping[str, Any], where: str) -> HostSpec:
    values = layer({k: v for k, v in data.items() if k != "service"}, where)
    return HostSpec(_text(data, "service", where), values)


def items(value: Any, where: str) -> Mapping[str, Layer]:
    """The elements of a list: a table of tables, or only their names."""
    if isinstance(value, list):
        names = [str(name) for name in cast("list[Any]", value)]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"{quote(repeated[0])} is there twice", where=where)
        return {name: Layer() for name in names}
    if not isinstance(value, dict):
        raise UserError("this is a table of names", where=where)
    table = cast("dict[str, Any]", value)
    return {name: layer(_table(table, name, where), f"{where}.{name}") for name in table}


def layer(data: Mapping[str, Any], where: str, lists: frozenset[str] = frozenset()) -> Layer:
    """One table's settings, ``dev.`` and ``prod.`` apart; ``lists`` are names of item lists."""
    stacks: dict[Stack, Mapping[str, Any]] = {
        stack: _table(data, stack, where) for stack in STACKS if stack in data
    }
    for stack, table in stacks.items():
        for key in table:
            if key in lists:
                raise UserError(
                    f"the stack stands inside an element of {key}, not around it",
                    where=f"{where} [{stack}.{key}]",
                    near=f"{key}.NAME.{stack}.SETTING",
                )
    return Layer({k: v for k, v in data.items() if k not in STACKS}, stacks)


def _known(data: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in keys:
            raise UserError(f"unknown key `{key}`", where=where, near=nearest(key, keys))


def _table(data: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"`{key}` must be a table", where=where)
    return cast("dict[str, Any]", value)


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise UserError(f"`{key}` is missing", where=where)
    return value


def write(spec: Spec) -> str:
    """``spec`` as mqscaffold.toml: same choices, same text, and nothing that is a default."""
    return "\n".join(_lines(spec)) + "\n"


def _lines(spec: Spec) -> Iterator[str]:
    yield (
        "# The choices behind this project, meant to be edited."
        " What there is: mqscaffold show PATTERN SERVICE"
    )
    yield f"schema = {SCHEMA}"
    yield f"name = {_value(spec.name)}"
    if spec.catalog:
        yield f"catalog = {_value(spec.catalog)}"
    if spec.project.names():
        yield from ("", "[project]", *_layer_lines(spec.project))
    for name, host in spec.hosts.items():
        yield from ("", f"[hosts.{_key(name)}]", f"service = {_value(host.service)}")
        yield from _layer_lines(host.values)
    for flow in spec.flows:
        yield from ("", f"[flows.{_key(flow.name)}]")
        yield f"pattern = {_value(flow.pattern)}"
        yield f"service = {_value(flow.service)}"
        if flow.features:
            yield f"with = {_value(list(flow.features))}"
        if flow.on:
            yield f"on = {_value(flow.on)}"
        yield from _layer_lines(flow.values)
        for key, elements in flow.items.items():
            if not elements:
                yield f"{_key(key)} = []"
        for key, elements in flow.items.items():
            for item, values in elements.items():
                path = f"flows.{_key(flow.name)}.{_key(key)}.{_key(item)}"
                yield from (f"[{path}]", *_layer_lines(values))


def _layer_lines(values: Layer) -> Iterator[str]:
    for name, value in values.both.items():
        yield f"{_key(name)} = {_value(value)}"
    for stack in STACKS:
        for name, value in values.stacks.get(stack, {}).items():
            yield f"{stack}.{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            # JSON's escapes are TOML's, but for DEL.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return "[" + ", ".join(_value(item) for item in cast("list[Any]", value)) + "]"
        case dict():
            table = cast("dict[str, Any]", value)
            pairs = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in table.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            raise TypeError(f"{type(value).__name__} has no form in TOML")
