"""What the runtime's tests share: an event, a queue that can fail, and a worker without threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from memory_queue import MemoryQueue
from messaging import Consumer, InvalidEvent, Message, on
from messaging.cloudevents import Outgoing, Received, encode
from messaging.consumer import Worker
from messaging.message import Draft, Failure


@dataclass(frozen=True, kw_only=True)
class Placed:
    TYPE: ClassVar[str] = "order.placed"
    order: str
    number: int = 0

    @property
    def key(self) -> str:
        return self.order

    @classmethod
    def from_json(cls, data: object) -> Placed:
        if not isinstance(data, dict) or "order" not in data:
            raise InvalidEvent("data.order is missing")
        return cls(order=data["order"], number=data.get("number", 0))

    def to_json(self) -> dict[str, Any]:
        return {"order": self.order, "number": self.number}


class FlakyQueue(MemoryQueue):
    """A memory queue whose calls can be made to fail; `calls` is what was asked of it."""

    def __init__(self, *, fifo: bool = False, max_attempts: int = 3) -> None:
        super().__init__(fifo=fifo, max_attempts=max_attempts)
        self.calls: list[tuple[str, Any]] = []
        self.broken: set[str] = set()
        self.failures: dict[str, list[Failure | None]] = {}
        """By call, what the next messages of that call get instead of being done."""

    def _try(self, call: str, about: Any) -> None:
        self.calls.append((call, about))
        if call in self.broken:
            raise ConnectionError("secret endpoint")

    def _batch(
        self,
        call: str,
        messages: Sequence[Received],
        do: Callable[[list[Received]], Sequence[Failure | None]],
    ) -> list[Failure | None]:
        planned = self.failures.setdefault(call, [])
        result: list[Failure | None] = []
        for message in messages:
            failure = planned.pop(0) if planned else None
            result.append(failure or do([message])[0])
        return result

    def receive(self, limit: int) -> list[Received]:
        self._try("receive", limit)
        return super().receive(limit)

    def ack(self, messages: Sequence[Received]) -> list[Failure | None]:
        self._try("ack", [message.id for message in messages])
        return self._batch("ack", messages, super().ack)

    def extend(self, messages: Sequence[Received]) -> list[Failure | None]:
        self._try("extend", [message.id for message in messages])
        return self._batch(
            "extend", messages, lambda one: MemoryQueue.nack(self, one, self.lease_seconds)
        )

    def nack(self, messages: Sequence[Received], delay: float) -> list[Failure | None]:
        self._try("nack", ([message.id for message in messages], delay))
        return super().nack(messages, delay)

    def dead_letter(self, message: Received, fields: Mapping[str, str]) -> None:
        self._try("dead_letter", message.id)
        super().dead_letter(message, fields)


class Bench:
    """A worker, its queue, and what its handler has seen; everything happens when a test says."""

    def __init__(
        self, queue: FlakyQueue | None = None, handler: Any = None, **settings: Any
    ) -> None:
        self.queue = queue or FlakyQueue()
        self.seen: list[tuple[str, int, int]] = []
        self.handler: Callable[[Message[Placed]], None] = handler or (lambda message: None)
        consumer = Consumer(
            name="billing",
            queue_variable="ORDERS_BILLING_QUEUE_URL",
            routes=[on(Placed, self._handle)],
            **settings,
        )
        self.worker = Worker(consumer, self.queue, self.queue.clock)

    def _handle(self, message: Message[Placed]) -> None:
        self.seen.append((message.data.order, message.data.number, message.attempt))
        self.handler(message)

    def put(self, *numbers: int, order: str = "o-1") -> None:
        for number in numbers:
            self.queue.send([event(Placed(order=order, number=number))])

    def step(self) -> None:
        """Receives once and handles all that may run."""
        self.worker.poll()
        self.handle()

    def handle(self) -> None:
        while not self.worker.to_run.empty():
            self.worker.work()

    def later(self) -> None:
        """Moves the time on until something can be received, and steps."""
        if not self.worker.poll():
            self.queue.wait()
            self.worker.poll()
        self.handle()


def event(placed: Placed, id: str | None = None) -> Outgoing:
    return encode(Draft(placed), "/test", id)


def said(caplog: pytest.LogCaptureFixture, what: str) -> list[dict[str, Any]]:
    """The fields of each log line that says this."""
    found = [record for record in caplog.records if record.getMessage() == what]
    return [record.__dict__["fields"] for record in found if record.levelno >= logging.INFO]
