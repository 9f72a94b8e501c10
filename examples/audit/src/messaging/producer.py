"""Sends events in batches, sends again what failed, and says what could not be delivered."""

import atexit
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, Self, TypeVar

from messaging.cloudevents import Outgoing, encode
from messaging.message import Draft, Event, Failure

log = logging.getLogger("messaging")
T = TypeVar("T")
UNTOLD = 1000  # failures that a producer remembers before `send` tells them


class Unsendable(ValueError):  # noqa: N818
    """No broker call can deliver this event: it is too large, or holds a forbidden character."""


class Undelivered(Exception):  # noqa: N818
    """Events that the broker did not take, by id with the reason; all others were delivered."""

    def __init__(self, failures: Mapping[str, str]) -> None:
        self.ids, why = list(failures), ", ".join(sorted(set(failures.values())))
        super().__init__(f"{len(failures)} events were not delivered ({why})")


class Destination(Protocol):
    """One topic or queue of some broker. `open` reads its limits or raises StartError, `check`
    raises Unsendable without a network call, `send` returns each event's failure, or None."""

    fifo: bool  # whether it keeps the order inside a group
    batch_entries: int
    batch_bytes: int

    def open(self) -> None: ...
    def check(self, event: Outgoing) -> None: ...
    def send(self, events: Sequence[Outgoing]) -> Sequence[Failure | None]: ...


def persist(
    call: Callable[[list[T]], Sequence[Failure | None]], entries: Sequence[T], seconds: float
) -> list[Failure | None]:
    """Makes a batch call, and for `seconds` makes it again, with jitter, for those entries whose
    failure may pass. Returns each entry's failure, or None."""
    result: list[Failure | None] = [Failure("", True)] * len(entries)
    deadline, pause = time.monotonic() + seconds, 0.1
    while left := [n for n, failure in enumerate(result) if failure and failure.again]:
        try:
            found = call([entries[n] for n in left])
        except Exception as error:
            found = [Failure(type(error).__name__, True)] * len(left)
        for n, failure in zip(left, found, strict=True):
            result[n] = failure
        if not any(x and x.again for x in found) or time.monotonic() + pause > deadline:
            break
        time.sleep(pause * (0.5 + random.random() / 2))
        pause = min(pause * 2, 5.0)
    return result


class Producer:
    """Sends events to one destination. Making one does nothing; the first send opens it.

    One batch is on its way at a time: when it is full, or `linger` seconds after its first event.
    What fails is sent again, before anything else, for `give_up` seconds. `flush`, and the end of
    `with producer:`, return when all are delivered, or raise Undelivered. Threads may share one.
    Where order is kept, nothing of a key is sent after a failure until somebody was told of it.
    """

    def __init__(
        self, destination: Destination, *, source: str, linger: float = 0.02, give_up: float = 30
    ) -> None:
        self.destination, self.source = destination, source
        self._linger, self._give_up = linger, give_up
        self._waiting: deque[Outgoing] = deque()
        self._first = threading.Event()
        self._order = threading.RLock()  # held while a batch is on its way
        self._failed: dict[str, str] = {}  # by id, why: what nobody was told yet
        self._stopped: set[str] = set()  # the groups of those, where order is kept
        self._started = False

    def send(self, event: Event, key: str | None = None) -> str:
        """Takes an event for sending and returns its id. Raises Unsendable; and, like `flush`,
        Undelivered for earlier ones of its key, or a thousand of any: then it is not taken."""
        self.destination.open()
        outgoing = encode(Draft(event, key), self.source)
        self.destination.check(outgoing)
        if outgoing.group in self._stopped or len(self._failed) >= UNTOLD:
            self.flush()
        self._waiting.append(outgoing)
        self._first.set()
        if len(self._waiting) >= self.destination.batch_entries:
            self._drain(self.destination.batch_entries)
        elif not self._started:
            self._started = True
            threading.Thread(target=self._send_late, daemon=True).start()
            atexit.register(self.flush)  # for programs that forget; SIGTERM alone skips it
        return outgoing.id

    def deliver(self, events: Iterable[Outgoing]) -> None:
        """Sends these now, in their order; returns when the broker has them, else Undelivered."""
        self.destination.open()
        waiting = deque(events)
        for event in waiting:
            self.destination.check(event)
        while waiting:
            if failed := self._transmit(self._cut(waiting)):
                raise Undelivered(failed | {event.id: "not tried" for event in waiting})

    def flush(self) -> None:
        """Sends all that waits. Raises Undelivered, once, for what has failed since the last,
        whichever thread sent it: one that must know of its own alone needs its own producer."""
        with self._order:
            self._drain(1)
            failed, self._failed, self._stopped = self._failed, {}, set()
        if failed:
            raise Undelivered(failed)

    def __enter__(self) -> Self:
        self.destination.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def _send_late(self) -> None:
        while self._first.wait():
            self._first.clear()
            time.sleep(self._linger)
            self._drain(1)

    def _drain(self, least: int) -> None:
        """Sends batches, one at a time, until fewer than `least` events wait."""
        with self._order:
            while len(self._waiting) >= least:
                batch = self._cut(self._waiting)
                behind = [event for event in batch if event.group in self._stopped]
                failed = self._transmit([event for event in batch if event not in behind])
                failed |= {event.id: "an earlier one of its key failed" for event in behind}
                if failed:
                    log.error("not delivered", extra={"fields": {"events": failed}})
                    self._failed |= failed
                if self.destination.fifo:
                    self._stopped |= {x.group for x in batch if x.id in failed and x.group}

    def _cut(self, waiting: deque[Outgoing]) -> list[Outgoing]:
        """Takes the next batch. Of a group whose order is kept it takes one event: with two, the
        second could be taken by the broker and the first be refused."""
        batch: dict[str, Outgoing] = {}
        later: list[Outgoing] = []
        room = self.destination.batch_bytes
        while waiting and len(batch) < self.destination.batch_entries and room >= 0:
            event = waiting.popleft()
            group = event.group if self.destination.fifo and event.group else event.id
            room -= 0 if group in batch else event.size()
            if group in batch or (batch and room < 0):
                later.append(event)
            else:
                batch[group] = event
        waiting.extendleft(reversed(later))
        return list(batch.values())

    def _transmit(self, batch: Sequence[Outgoing]) -> dict[str, str]:
        failures = persist(self.destination.send, batch, self._give_up)
        return {event.id: x.code for event, x in zip(batch, failures, strict=True) if x}
