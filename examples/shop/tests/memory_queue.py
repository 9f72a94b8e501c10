"""A queue in memory that keeps SQS's rules, in a time that only the test moves on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from messaging import Consumer
from messaging.cloudevents import Outgoing, Received
from messaging.consumer import Worker
from messaging.message import Failure


@dataclass
class Stored:
    """A message in the queue; `visible_at` is when it can be received."""

    message: Received
    visible_at: float = 0.0
    in_flight: bool = False


class MemoryQueue:
    """Receives, hides, returns and dead-letters messages; can be sent to and consumed from."""

    name = "memory"
    lease_seconds = 60.0
    batch_entries = 10
    batch_bytes = 262_144

    def __init__(self, *, fifo: bool = False, max_attempts: int = 9) -> None:
        self.fifo, self.max_attempts, self.now = fifo, max_attempts, 0.0
        self.stored: list[Stored] = []
        self.dead: list[tuple[Received, Mapping[str, str]]] = []
        self.sent: list[Outgoing] = []
        self._count = 0

    def clock(self) -> float:
        return self.now

    def open(self, concurrency: int = 0) -> None:
        pass

    def check(self, event: Outgoing) -> None:
        pass

    def send(self, events: Sequence[Outgoing]) -> list[Failure | None]:
        for event in events:
            self.sent.append(event)
            self.put(event.body, event.attributes, event.group)
        return [None] * len(events)

    def put(self, body: str, attributes: Mapping[str, str], group: str | None = None) -> None:
        """Adds a message as it is, a broken one too."""
        self._count += 1
        number = f"message-{self._count}"
        group = (group or number) if self.fifo else None
        message = Received("", number, body, attributes, 0, group, "2026-01-01T00:00:00+00:00")
        self.stored.append(Stored(message))

    def receive(self, limit: int) -> list[Received]:
        self._expire()
        locked = {item.message.group for item in self.stored if item.in_flight} - {None}
        found: list[Received] = []
        for item in self.stored:
            if item.visible_at <= self.now and item.message.group not in locked:
                attempt = item.message.attempt + 1
                receipt = f"{item.message.id}#{attempt}"
                item.message = item.message._replace(receipt=receipt, attempt=attempt)
                item.visible_at, item.in_flight = self.now + self.lease_seconds, True
                found.append(item.message)
                if len(found) == min(limit, 10):
                    break
        return found

    def extend(self, messages: Sequence[Received]) -> list[Failure | None]:
        return self.nack(messages, self.lease_seconds)

    def nack(self, messages: Sequence[Received], delay: float) -> list[Failure | None]:
        found = [self._find(message) for message in messages]
        for item in filter(None, found):
            item.visible_at = self.now + delay
            item.in_flight = delay > 0
        return [None if item else GONE for item in found]

    def ack(self, messages: Sequence[Received]) -> list[Failure | None]:
        found = [self._find(message) for message in messages]
        self.stored = [item for item in self.stored if item not in found]
        return [None if item else GONE for item in found]

    def dead_letter(self, message: Received, fields: Mapping[str, str]) -> None:
        self.dead.append((message, fields))

    def wait(self) -> None:
        """Moves the time on to when the next hidden message can be received."""
        hidden = [item.visible_at for item in self.stored if item.visible_at > self.now]
        self.now = min(hidden, default=self.now)

    def _find(self, message: Received) -> Stored | None:
        self._expire()
        for item in self.stored:
            if item.message.receipt == message.receipt and item.in_flight:
                return item
        return None

    def _expire(self) -> None:
        for item in self.stored:
            item.in_flight = item.in_flight and item.visible_at > self.now


GONE = Failure("ReceiptHandleIsInvalid", again=False)


def drain(consumer: Consumer, queue: MemoryQueue) -> None:
    """Runs a consumer, without threads, until the queue is empty; waiting takes no time."""
    worker = Worker(consumer, queue, queue.clock)
    while queue.stored:
        if not worker.poll():
            queue.wait()
        while not worker.to_run.empty():
            worker.work()
