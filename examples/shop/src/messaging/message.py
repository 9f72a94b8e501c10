"""What a handler sees: the message, and the two ways to say that it is not done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar


class Event(Protocol):
    """What events.py holds: a typed payload that knows its event type and its key."""

    TYPE: ClassVar[str]

    @property
    def key(self) -> str | None: ...
    @classmethod
    def from_json(cls, data: object) -> Self: ...
    def to_json(self) -> dict[str, Any]: ...


T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Retry(Exception):  # noqa: N818
    """Handle the message again, `after` seconds or the usual back-off later. Uses up an attempt."""

    def __init__(self, why: str = "", *, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Reject(Exception):  # noqa: N818
    """Never handle the message again: to the dead-letter queue, with this reason."""


class InvalidEvent(Reject):
    """The message is no event that this program knows. Names the field, never its value."""


class StartError(Exception):
    """The process cannot work at all; the text says what to change. Exit code 1."""


class Failure(NamedTuple):
    """Why a broker refused one entry of a batch, and whether trying again can help."""

    code: str
    again: bool


class Draft(NamedTuple):
    """An event that is to be sent; without a key it has its own."""

    event: Event
    key: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Message(Generic[T]):
    """One event as it reached this consumer. `id` stays the same over retries, duplicates and
    redrives; `attempt` is the broker's count, from 1; `outbox` is what the handler sent so far."""

    id: str
    type: str
    source: str
    time: datetime | None = None
    key: str | None = None
    attempt: int = 1
    data: T = field(repr=False)  # payloads do not belong in logs
    correlation_id: str | None = None
    outbox: list[Draft] | None = field(default=None, repr=False)

    def send(self, event: Event, key: str | None = None, correlation_id: str | None = None) -> None:
        """Sends an event that belongs to handling this one: delivered before this message is
        acknowledged, dropped when the handler raises, under the same id on every attempt."""
        if self.outbox is None:
            raise RuntimeError("to send from a handler, give its Consumer(...) a sends_to=Producer")
        self.outbox.append(Draft(event, key, correlation_id))

    def reply(self, event: Event) -> None:
        """Like send, with this message's key, and its id as the reply's correlation id."""
        self.send(event, self.key, self.id)

    @staticmethod
    def example(data: E, **over: Any) -> "Message[E]":
        """A message for a handler's test; any field can be given, such as attempt=3."""
        fields: dict[str, Any] = {"id": "example-1", "source": "/example", "type": data.TYPE}
        fields |= {"key": data.key, "outbox": [], **over}
        return Message(data=data, **fields)


class Route(NamedTuple):
    """Which function handles the events of one type. Made by `on`."""

    type: str
    decode: Callable[[object], Event]
    handle: Callable[[Message[Any]], None]


def on(event: type[E], handle: Callable[[Message[E]], None]) -> Route:
    """Handles events of this class with this function."""
    return Route(event.TYPE, event.from_json, handle)
