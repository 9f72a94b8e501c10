"""One setting's value out of the layers in which it may be written.

Inside one table a stack's own value wins over the one for both; an element's table wins over its
flow's, the flow's over its host's, that over the project's, the project's over what a pattern fixes
and the defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mqscaffold.catalog import model, values
from mqscaffold.catalog.expression import Expression
from mqscaffold.catalog.model import STACKS, Setting, Stack
from mqscaffold.errors import UserError
from mqscaffold.records import dataclass, field
from mqscaffold.render.resolved import Value, Values
from mqscaffold.render.spec import Layer

_LEVELS: Final[tuple[model.Level, ...]] = ("project", "host", "flow", "element")


@dataclass
class Resolver:
    """Values of one flow or element: layers from the outside in, then fixed ones, then defaults."""

    settings: Mapping[str, Setting]
    layers: tuple[Layer, ...]
    fixed: Mapping[str, Any]
    items: Mapping[str, Mapping[str, Layer]]
    flow: str
    each: str = ""
    item: str = ""
    done: dict[tuple[str, Stack], Any] = field(default_factory=dict[tuple[str, Stack], Any])

    def all(self, names: set[str]) -> Values:
        return {name: self.value(name) for name in self.settings if name in names}

    def value(self, name: str) -> Value:
        setting = self.settings[name]
        level: model.Level | None = None
        for depth, layer in enumerate(self.layers):
            written = _LEVELS[depth] == "flow" and bool(self.items.get(name))
            if name in layer.names() or written:
                level = _LEVELS[depth]
        return Value(setting, {stack: self.on(name, stack) for stack in STACKS}, level)

    def on(self, name: str, stack: Stack) -> Any:
        if (name, stack) not in self.done:
            self.done[name, stack] = _RUNNING
            self.done[name, stack] = self._compute(name, stack)
        if self.done[name, stack] is _RUNNING:
            raise UserError(f"the default of {name} depends on itself", where="the catalog")
        return self.done[name, stack]

    def _compute(self, name: str, stack: Stack) -> Any:
        setting = self.settings[name]
        if setting.type == "items":
            return {item: dict[str, Any]() for item in self.items.get(name, {})}
        for depth in reversed(range(len(self.layers))):
            layer = self.layers[depth]
            for own, prefix in ((layer.stacks.get(stack, {}), f"{stack}/"), (layer.both, "")):
                if name in own:
                    path = f"{self.each}.{self.item}." if _LEVELS[depth] == "element" else ""
                    flow = f"{self.flow}:" if _LEVELS[depth] in ("flow", "element") else ""
                    return values.read(setting, own[name], f"{prefix}{flow}{path}{name}")
        if name in self.fixed:
            return self.fixed[name]
        default = setting.default_for(stack)
        if isinstance(default, Expression):
            return default.value(_Names(self, stack))
        return default


_RUNNING = object()


class _Names(Mapping[str, Any]):
    """The values of one stack as names for an expression, computed when they are read."""

    def __init__(self, resolver: Resolver, stack: Stack) -> None:
        self._resolver = resolver
        self._stack: Stack = stack

    def __getitem__(self, name: str) -> Any:
        if name not in self._resolver.settings:
            return ""  # a setting that this service does not have
        return self._resolver.on(name, self._stack)

    def __iter__(self) -> Iterator[str]:
        return iter(self._resolver.settings)

    def __len__(self) -> int:
        return len(self._resolver.settings)
