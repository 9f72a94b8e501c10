"""Frozen dataclasses that are quick to define.

The standard decorator writes and compiles five methods for every class. That takes about half a
millisecond each, at every start, and the sixty classes of this package would take a quarter of the
time of `new`. Here those methods are written once and shared. In all else they are dataclasses:
`fields`, `replace`, `asdict`, equality, hash, `repr` and pattern matching work, and so do type
checkers, which are shown the standard decorator.
"""

from __future__ import annotations

import dataclasses
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """`dataclasses.dataclass`, with shared methods where it is frozen and nothing unusual."""
        if cls is not None or not options.get("frozen") or options.keys() - {"frozen", "kw_only"}:
            return dataclasses.dataclass(cls, **options)
        return lambda cls: _frozen(cls, options.get("kw_only", False))


def _frozen(cls: type[Any], kw_only: bool) -> type[Any]:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else a signature is worked out to fill it
    dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    own = dataclasses.fields(cls)
    cls.__record_names__ = tuple(field.name for field in own)
    cls.__record_positional__ = tuple(field.name for field in own if not field.kw_only)
    cls.__record_compared__ = tuple(field.name for field in own if field.compare)
    for name, method in _METHODS.items():
        setattr(cls, name, method)
    return cls


def _init(self: Any, *args: Any, **values: Any) -> None:
    for name, value in zip(self.__record_positional__, args, strict=False):
        if name in values:
            raise TypeError(f"{type(self).__name__} got {name} twice")
        values[name] = value
    if len(args) > len(self.__record_positional__):
        raise TypeError(
            f"{type(self).__name__} takes {len(self.__record_positional__)} values in order"
        )
    if len(values) < len(self.__record_names__):
        _add_defaults(self, values)
    if len(values) > len(self.__record_names__):
        unknown = sorted(values.keys() - set(self.__record_names__))
        raise TypeError(f"{type(self).__name__} has no {', '.join(unknown)}")
    self.__dict__.update((name, values[name]) for name in self.__record_names__)
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _add_defaults(self: Any, values: dict[str, Any]) -> None:
    for name in self.__record_names__:
        if name in values:
            continue
        known = self.__dataclass_fields__[name]
        if known.default is not dataclasses.MISSING:
            values[name] = known.default
        elif known.default_factory is not dataclasses.MISSING:
            values[name] = known.default_factory()
        else:
            raise TypeError(f"{type(self).__name__} needs {name}")


def _eq(self: Any, other: object) -> bool:
    if type(other) is not type(self):
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in self.__record_compared__)


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, name) for name in self.__record_compared__))


def _repr(self: Any) -> str:
    shown = (name for name in self.__record_names__ if self.__dataclass_fields__[name].repr)
    inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({inner})"


def _refuse(self: object, name: str, value: object = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change {name!r}")


_METHODS = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
