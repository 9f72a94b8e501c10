"""Takes messages, runs their handlers, settles them: at least once, one by one in a group.

A taken message is leased: hidden from other consumers until it is settled. When its lease is lost
it belongs to another consumer, and its result is not acknowledged.
"""

import logging
import math
import os
import random
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, Literal, Protocol
from uuid import NAMESPACE_URL, uuid5

from messaging.cloudevents import Received, decode, encode, trace
from messaging.message import Failure, InvalidEvent, Message, Reject, Retry, Route, StartError
from messaging.producer import Producer, Undelivered, persist

log = logging.getLogger("messaging")
MAX_DELAY = 39_600  # 11 h: SQS hides a message for at most 12 h in all
RENEW_AT = 0.6  # of a lease: leaves time for a call that failed to be made again
LONG_POLL, RECEIVE_STUCK = 20, 120  # s: one at most; three tries with their time-outs take 100
ACK_SECONDS = 5  # how long an acknowledgement is tried again
BATCH = 10  # messages received or acknowledged in one call
PATIENCE, TICK = 0.02, 0.1  # s


def retry_delay(attempt: int, chance: float) -> float:
    """Seconds between attempt n and the next: min(900, 5 * 2**(n-1)), the half of it jitter."""
    return min(900.0, 5.0 * 2 ** min(attempt - 1, 10)) * (0.5 + chance / 2)


def describe(error: BaseException) -> dict[str, str]:
    """What may be said of an error: type, the last calls, and the text if it is ours. Other texts
    can quote a payload, and are said only with MESSAGING_LOG_ERRORS=text."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    calls = [f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames]
    ours = isinstance(error, (Retry, Reject, Undelivered))
    text = str(error)[:1024] if ours or os.environ.get("MESSAGING_LOG_ERRORS") == "text" else ""
    return {"error": type(error).__name__, "reason": text, "where": " > ".join(calls)}


class Queue(Protocol):
    """What a consumer needs of a broker. Batch calls return each message's failure, or None."""

    name: str
    lease_seconds: float
    max_attempts: int

    def open(self, concurrency: int) -> None: ...
    def receive(self, limit: int) -> Sequence[Received]: ...
    def extend(self, messages: Sequence[Received]) -> Sequence[Failure | None]: ...
    def ack(self, messages: Sequence[Received]) -> Sequence[Failure | None]: ...
    def nack(self, messages: Sequence[Received], delay: float) -> Sequence[Failure | None]: ...
    def dead_letter(self, message: Received, fields: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """One reader of one queue."""

    name: str
    queue_variable: str
    routes: Sequence[Route]
    concurrency: int = 10  # handlers at work at once, a thread each
    max_handler_seconds: float = 300  # after this the message is left to another consumer
    on_failure: Literal["dead-letter", "block"] = "dead-letter"  # or retry for ever, in order
    sends_to: Producer | None = None  # where message.send goes
    # What running handlers get to finish in after SIGTERM; ECS kills after 30 s.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
    grace_seconds: float = 20


@dataclass(eq=False)
class Lease:
    """A message in hand, and what the log says of it. Times are of the worker's clock."""

    received: Received
    expires: float
    fields: dict[str, Any]
    must_end: float = math.inf  # when its handler has run for too long
    lost: bool = False


class Worker:
    """Runs one consumer: threads call poll, work and renew over and over."""

    def __init__(
        self, consumer: Consumer, queue: Queue, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.consumer, self.queue, self._clock = consumer, queue, clock
        self.stopping = threading.Event()
        self.to_run: SimpleQueue[Lease] = SimpleQueue()
        self._routes = {route.type: route for route in consumer.routes}
        self._changed = threading.Condition()  # held to change the next two
        self._held: dict[Lease, None] = {}  # all that is in hand, in order of arrival
        self._groups: dict[str, list[Lease]] = {}  # the first of each is at work, the rest wait
        self._failing: dict[str, float] = {}  # groups whose first message failed: when it returns
        self._settling = threading.Lock()
        self._done: list[tuple[Lease, str]] = []  # to be acknowledged, with what is then logged
        self._polled_at = clock()
        self._receiving: bool | None = None  # whether the last receive went well
        self._cannot_work: StartError | None = None

    def alive(self) -> bool:
        """False when only a restart helps: receiving hangs, or a handler runs for too long."""
        ends = [lease.must_end for lease in list(self._held)]
        return self._clock() < min([*ends, self._polled_at + RECEIVE_STUCK])

    def ready(self) -> bool:
        """True while messages can be received."""
        return self._receiving is not False and not self.stopping.is_set()

    def run(self, stop: Callable[[], bool]) -> None:
        """Works until `stop` says so; then finishes what runs, and hands back the rest."""
        steps = [self.poll, self.renew, *[self.work] * self.consumer.concurrency]
        threads = [threading.Thread(target=self._loop, args=[step], daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        while not stop() and not self._cannot_work:
            time.sleep(TICK)
        self.stopping.set()
        # A receive call under way is waited for: SQS would hand messages to its closed connection
        # and hide them for a whole lease. https://github.com/aws/aws-sdk-js/issues/2350
        deadline = self._clock() + self.consumer.grace_seconds
        while self._clock() < deadline and (threads[0].is_alive() or list(self._held)):
            time.sleep(TICK)
        self._release(list(self._held), 0)
        if self._cannot_work:
            raise self._cannot_work

    def _loop(self, step: Callable[[], object]) -> None:
        failures = 0
        while not (self.stopping.is_set() and step == self.poll):
            try:
                step()
                failures = 0
            except Exception as error:
                if isinstance(error, StartError) and self._receiving is None:
                    self._cannot_work = error
                    return
                failures, self._receiving = min(failures + 1, 5), False
                self._log("broker failed", **describe(error))
                self.stopping.wait(2.0**failures * (0.5 + random.random() / 2))

    def poll(self) -> int:
        """Receives for the handlers that are free; returns how many messages came."""
        self._polled_at = self._clock()
        most = self.consumer.concurrency
        with self._changed:  # a moment's patience makes one call of ten messages out of ten calls
            self._changed.wait_for(lambda: most - len(self._held) >= min(most, BATCH), PATIENCE)
            free = most - len(self._held)
            # With a failed message that returns, the broker would hand over those behind it too,
            # and count an attempt of each, although it cannot be their turn: so one at a time.
            now, near = self._clock(), self.queue.lease_seconds + LONG_POLL
            self._failing = {x: back for x, back in self._failing.items() if now - back <= near}
            limit = 1 if any(back - now <= near for back in self._failing.values()) else free
        if free <= 0:
            return 0
        messages = self.queue.receive(limit)
        expires, self._receiving = self._clock() + self.queue.lease_seconds, True
        for message in messages:
            lease = Lease(message, expires, {"id": message.id, "attempt": message.attempt})
            with self._changed:
                self._held[lease] = None
                group = [] if message.group is None else self._groups.setdefault(message.group, [])
                group.append(lease)
                if group[0] is lease:
                    self.to_run.put(lease)
        return len(messages)

    def work(self) -> None:
        """Waits for the next message, runs its handler and settles it."""
        lease = self.to_run.get()
        if self.stopping.is_set() or not self._is_mine(lease):
            self._close(lease, 0)
            return
        began = self._clock()
        lease.must_end = began + self.consumer.max_handler_seconds
        error: BaseException | None = None
        try:
            self._handle(lease)
        except BaseException as raised:  # a library's SystemExit must not end a thread of ours
            error = raised
        lease.must_end = math.inf
        lease.fields["seconds"] = round(self._clock() - began, 3)
        if not self._is_mine(lease):
            self._close(lease, 0)
        elif error is None:
            self._settle(lease, "handled")
        else:
            self._fail(lease, error)

    def _handle(self, lease: Lease) -> None:
        received, producer = lease.received, self.consumer.sends_to
        fields, traceparent = decode(received.body, received.attributes)
        lease.fields |= {name: fields[name] for name in ("id", "type", "key")}
        route = self._routes.get(fields["type"])
        if route is None:
            raise InvalidEvent(f"no handler for events of type {fields['type']}")
        fields["data"] = route.decode(fields["data"])
        outbox: list[Any] | None = [] if producer else None
        trace.set(traceparent)
        route.handle(Message(**fields, attempt=received.attempt, outbox=outbox))
        if producer and outbox:
            # The same ids on every attempt, so that what was sent twice can be recognised.
            name = f"{fields['source']}#{fields['id']}#{self.consumer.name}"
            ids = [str(uuid5(NAMESPACE_URL, f"{name}#{n}")) for n in range(len(outbox))]
            producer.deliver(map(encode, outbox, [producer.source] * len(ids), ids))

    def _fail(self, lease: Lease, error: BaseException) -> None:
        received, fields = lease.received, lease.fields | describe(error)
        last = received.attempt >= self.queue.max_attempts
        if isinstance(error, Reject) or (last and self.consumer.on_failure == "dead-letter"):
            letter = {
                "mq-error-type": fields["error"],
                "mq-error-message": fields["reason"],
                "mq-error-where": fields["where"],
                "mq-original-destination": self.queue.name,
                "mq-original-id": fields["id"],
                "mq-attempts": str(received.attempt),
                "mq-first-seen": received.first_seen,
                "mq-failed-at": datetime.now(UTC).isoformat(timespec="seconds"),
                "mq-consumer": self.consumer.name,
            }
            try:
                self.queue.dead_letter(received, letter)
                lease.fields = fields
                self._settle(lease, "dead-lettered")
                return
            except Exception as refused:
                self._log("dead-letter refused", **fields | describe(refused))
        delay = retry_delay(received.attempt, random.random())
        if isinstance(error, Retry) and error.after is not None:
            delay = min(max(error.after, 0.0), MAX_DELAY)
        self._log("retried", **fields, again_in=round(delay, 1))
        self._close(lease, delay)

    def _settle(self, lease: Lease, outcome: str) -> None:
        """Acknowledges a message together with what else has finished; or leaves that to the
        thread that is doing so now, which looks again when it is through."""
        self._done.append((lease, outcome))
        while self._done and self._settling.acquire(blocking=False):
            time.sleep(0.001)  # for others that finish at this moment
            done = self._done[:BATCH]
            del self._done[: len(done)]
            failures = persist(self.queue.ack, [lease.received for lease, _ in done], ACK_SECONDS)
            self._settling.release()
            for (lease, outcome), failure in zip(done, failures, strict=True):
                if failure:
                    self._lose(lease, f"not acknowledged: {failure.code}")
                    self._close(lease, 0)
                else:
                    self._log(outcome, **lease.fields)
                    self._close(lease)

    def renew(self) -> None:
        """Extends the leases that are due, as long as the handlers may run."""
        time.sleep(TICK)
        now, seconds = self._clock(), self.queue.lease_seconds
        late = [lease for lease in list(self._held) if now >= lease.must_end]
        for lease in late:
            self._lose(lease, "the handler runs for too long")
        if len(late) == self.consumer.concurrency:
            self._cannot_work = StartError("all handlers run for more than max_handler_seconds")
        soon = now + seconds * (1 - RENEW_AT)
        due = [lease for lease in list(self._held) if lease.expires <= soon and not lease.lost]
        failures = persist(self.queue.extend, [lease.received for lease in due], 0)
        for lease, failure in zip(due, failures, strict=True):
            if failure is None:
                lease.expires = now + seconds
            elif not failure.again or self._clock() >= lease.expires:
                self._lose(lease, failure.code)

    def _is_mine(self, lease: Lease) -> bool:
        if self._clock() >= lease.expires:
            self._lose(lease, "expired")
        return lease in self._held and not lease.lost

    def _lose(self, lease: Lease, why: str) -> None:
        """Leaves a message to another consumer, and hands back what waits in its group."""
        with self._changed:
            if lease.lost or lease not in self._held:
                return
            lease.lost = True
        self._log("lease lost", **lease.fields, why=why)
        self._release(self._leave(lease, 0), 0)

    def _close(self, lease: Lease, delay: float | None = None) -> None:
        """Ends the work on a message: settled without a delay, handed back with one; but first
        what waits behind it, for while it is in hand the broker keeps its group locked."""
        self._release(self._leave(lease, delay), 0)
        self._release([lease], delay)

    def _leave(self, lease: Lease, delay: float | None) -> list[Lease]:
        """Takes a message out of its group. Without a delay the next may run; with one the message
        will come again, and what waits behind it is returned."""
        group, go_on = lease.received.group or "", delay is None
        with self._changed:
            if lease not in self._groups.get(group, ()):
                return []
            first, *behind = self._groups.pop(group)
            self._failing.pop(group, None)
            if delay is not None:
                self._failing[group] = self._clock() + delay
            if stays := behind if go_on else [first] if first is not lease else []:
                self._groups[group] = stays
            if go_on and stays:
                self.to_run.put(stays[0])
            return [] if go_on else behind

    def _release(self, leases: Sequence[Lease], delay: float | None) -> None:
        if delay is not None:  # what cannot be handed back returns when its lease ends
            mine = [lease for lease in reversed(leases) if not lease.lost]
            if self.stopping.is_set():
                for lease in mine:  # one that runs will run elsewhere too
                    self._log("handed back", **lease.fields, runs=lease.must_end < math.inf)
            persist(lambda x: self.queue.nack(x, delay), [lease.received for lease in mine], 0)
        with self._changed:
            for lease in leases:
                self._held.pop(lease, None)
            self._changed.notify()

    def _log(self, what: str, **fields: Any) -> None:
        fields = {"consumer": self.consumer.name, **fields}
        level = {"handled": logging.INFO, "dead-lettered": logging.ERROR}.get(what, logging.WARNING)
        log.log(level, what, extra={"fields": fields})
