"""The events, typed.

Made from schemas/orders/*.json, which is where to change them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar, cast

from messaging import InvalidEvent

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """The data of order.placed."""

    TYPE: ClassVar[str] = "order.placed"

    order_id: str  # Which order.
    total_cents: int  # Amount in cents.

    @property
    def key(self) -> str | None:
        """The events of one key are handled in order, where the service keeps order."""
        return self.order_id

    @classmethod
    def from_json(cls, data: object, path: str = "data") -> Self:
        """Reads parsed JSON; InvalidEvent names the field that is missing or wrong."""
        found = _object(data, path)
        return cls(
            order_id=_field(found, "order_id", path, _text),
            total_cents=_field(found, "total_cents", path, _integer),
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON takes it; a field that is None is left out."""
        return {"order_id": self.order_id, "total_cents": self.total_cents}


EVENTS = {OrderPlaced.TYPE: OrderPlaced}


def _object(data: object, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidEvent(f"{path} is not an object")
    return cast("dict[str, Any]", data)


def _field(found: dict[str, Any], name: str, path: str, read: Callable[[object, str], T]) -> T:
    if name not in found:
        raise InvalidEvent(f"{path}.{name} is missing")
    return read(found[name], f"{path}.{name}")


def _integer(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidEvent(f"{path} is not an integer")
    return value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise InvalidEvent(f"{path} is not a string")
    return value
