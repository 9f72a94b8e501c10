"""What resolving gives: a project whose every setting has a value on both stacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mqscaffold.catalog import model
from mqscaffold.catalog.model import Setting, Stack
from mqscaffold.names import package_name
from mqscaffold.records import dataclass, field

if TYPE_CHECKING:
    from mqscaffold.render.places import Places
    from mqscaffold.render.spec import Spec


@dataclass(frozen=True)
class Value:
    """A setting's value on each stack, and who chose it."""

    setting: Setting
    by_stack: Mapping[Stack, Any]
    level: model.Level | None = None  # where it was chosen; None: a default

    @property
    def same(self) -> bool:
        return self.by_stack["dev"] == self.by_stack["prod"]

    @property
    def only(self) -> Any:
        """The value, for a setting that cannot differ between the stacks."""
        return self.by_stack["dev"]


Values = Mapping[str, Value]


@dataclass(frozen=True)
class Flow:
    """One flow with everything decided: its places, its elements and its values."""

    name: str
    pattern: model.Pattern
    service: model.Service
    features: tuple[str, ...]
    places: Places
    values: Values
    items: Mapping[str, Mapping[str, Values]] = field(
        default_factory=dict[str, Mapping[str, Values]]
    )
    host: str = ""  # what it lives in, "" on a service that has no hosts

    @property
    def package(self) -> str:
        return package_name(self.name)

    def of(self, each: str, item: str) -> Values:
        """The values that hold for one element, or for the flow when there is none."""
        return self.items[each][item] if item else self.values

    def value(self, name: str, default: Any = None) -> Any:
        """A setting's value where both stacks agree, ``default`` when the flow does not have it."""
        return self.values[name].only if name in self.values else default


@dataclass(frozen=True)
class Project:
    """A project with every flow resolved."""

    name: str
    spec: Spec
    flows: tuple[Flow, ...]
    values: Values  # the settings of the project itself


class _Missing(dict[str, Any]):
    """Names of settings that a flow does not have read as false."""

    def __missing__(self, key: str) -> Any:
        return ""


def names_on(held: Values, stack: Stack) -> Mapping[str, Any]:
    """The values of ``stack`` as names for an expression; a name that is not there is false."""
    return _Missing({name: value.by_stack[stack] for name, value in held.items()})
