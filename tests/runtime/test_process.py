"""A consumer as a process: start, stop, health, logs."""

from __future__ import annotations

import http.client
import io
import json
import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from messaging import Consumer, Message, StartError, Stop, on, run
from messaging.consumer import RECEIVE_STUCK, Worker
from messaging.process import JsonLines, health

from .kit import Bench, FlakyQueue, Placed, said


class LiveQueue(FlakyQueue):
    """In real time, for the tests with threads; a receive waits a little when nothing is there."""

    def clock(self) -> float:
        return time.monotonic()

    def receive(self, limit: int) -> list[Any]:
        self.now = time.monotonic()
        found = super().receive(limit)
        if not found:
            time.sleep(0.01)
        return found


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    names = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(name) for name in names]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for name, handler in zip(names, before, strict=True):
        signal.signal(name, handler)
    root.handlers[:] = handlers
    root.setLevel(level)


def consumer(handler: Callable[[Message[Placed]], None], **settings: Any) -> Consumer:
    routes = [on(Placed, handler)]
    return Consumer(name="billing", queue_variable="X_QUEUE_URL", routes=routes, **settings)


def put(queue: FlakyQueue, *orders: str) -> None:
    bench = Bench(queue)
    for order in orders:
        bench.put(1, order=order)


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_runs_until_sigterm_and_finishes_what_runs() -> None:
    queue, started, seen = LiveQueue(), threading.Event(), list[str]()

    def slow(message: Message[Placed]) -> None:
        started.set()
        time.sleep(0.2)
        seen.append(message.data.order)

    put(queue, "a", "b", "c")

    def ask() -> None:
        started.wait(5)
        signal.raise_signal(signal.SIGTERM)

    stopper = threading.Timer(0.05, ask)
    stopper.start()
    assert run(consumer(slow, concurrency=3), queue) == 0
    assert sorted(seen) == ["a", "b", "c"]
    assert queue.stored == []


def test_what_has_not_started_is_handed_back(caplog: pytest.LogCaptureFixture) -> None:
    queue, started, go_on = LiveQueue(fifo=True), threading.Event(), threading.Event()

    def first(message: Message[Placed]) -> None:
        started.set()
        go_on.wait(5)

    bench = Bench(queue)
    bench.put(1, 2, 3)
    worker = Worker(consumer(first), queue)
    threading.Timer(0.3, go_on.set).start()
    worker.run(started.is_set)
    assert [item.message.id for item in queue.stored] == ["message-2", "message-3"]
    assert [item.in_flight for item in queue.stored] == [False, False]
    told = [(fields["id"], fields["runs"]) for fields in said(caplog, "handed back")]
    assert told == [("message-3", False), ("message-2", False)]


def test_the_grace_fits_into_what_ecs_waits() -> None:
    assert consumer(lambda message: None).grace_seconds == 20


def test_a_process_whose_handlers_all_hang_ends(caplog: pytest.LogCaptureFixture) -> None:
    queue, go_on = LiveQueue(), threading.Event()
    put(queue, "a", "b", "c")

    def hang(message: Message[Placed]) -> None:
        go_on.wait(10)

    hangs = consumer(hang, concurrency=2, max_handler_seconds=0.2, grace_seconds=0.2)
    assert run(hangs, queue) == 1
    go_on.set()
    [fields] = said(caplog, "cannot work")
    assert "max_handler_seconds" in fields["reason"]
    assert sum(item.message.attempt for item in queue.stored) == 2


def test_what_still_runs_after_the_grace_is_handed_back_and_not_acknowledged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue, started, go_on = LiveQueue(), threading.Event(), threading.Event()

    def hang(message: Message[Placed]) -> None:
        started.set()
        go_on.wait(10)

    put(queue, "a")
    worker = Worker(consumer(hang, grace_seconds=0.2), queue)
    worker.run(started.is_set)
    [left] = said(caplog, "handed back")
    assert (left["key"], left["runs"]) == ("a", True)
    assert [about for call, about in queue.calls if call == "nack"] == [(["message-1"], 0)]
    go_on.set()
    time.sleep(0.1)
    assert "ack" not in [call for call, _ in queue.calls]


def test_a_receive_that_fails_is_made_again_and_readiness_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, done = LiveQueue(), threading.Event()
    worker = Worker(consumer(lambda message: done.set()), queue)
    monkeypatch.setattr("messaging.consumer.random.random", lambda: -0.99)
    queue.broken = {"receive"}
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=[stop.is_set])
    thread.start()
    until(lambda: not worker.ready())
    put(queue, "a")
    queue.broken = set()
    until(worker.ready)
    assert done.wait(5)
    stop.set()
    thread.join(10)
    assert not worker.ready()
    assert worker.alive()


def test_a_missing_right_at_start_ends_the_process(caplog: pytest.LogCaptureFixture) -> None:
    class Closed(LiveQueue):
        def open(self, concurrency: int = 0) -> None:
            raise StartError("needs sqs:GetQueueAttributes")

    class Unreadable(LiveQueue):
        def receive(self, limit: int) -> list[Any]:
            raise StartError("needs sqs:ReceiveMessage")

    for queue in (Closed(), Unreadable()):
        assert run(consumer(lambda message: None), queue) == 1
    reasons = [
        record.__dict__["fields"]["reason"]
        for record in caplog.records
        if record.getMessage() == "cannot work"
    ]
    assert reasons == ["needs sqs:GetQueueAttributes", "needs sqs:ReceiveMessage"]


def test_liveness_ends_when_receiving_hangs() -> None:
    bench = Bench()
    assert bench.worker.alive()
    bench.queue.now += RECEIVE_STUCK
    assert not bench.worker.alive()
    bench.worker.poll()
    assert bench.worker.alive()


def test_liveness_is_kept_while_all_handlers_are_busy() -> None:
    bench = Bench(concurrency=1)
    bench.put(1, 2)
    bench.worker.poll()
    bench.queue.now += RECEIVE_STUCK
    bench.worker.poll()
    assert bench.worker.alive()


def test_health_is_a_status_code_and_no_more() -> None:
    bench = Bench()

    def ask(path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    with health(bench.worker, "127.0.0.1", 0) as server:
        port = server.server_port
        assert ask("/live") == ask("/ready") == (200, b"")
        assert ask("/other") == (404, b"")
        bench.worker.stopping.set()
        bench.queue.now += RECEIVE_STUCK
        assert ask("/live") == ask("/ready") == (503, b"")
        server.shutdown()


def test_a_second_signal_ends_the_process_at_once() -> None:
    stop = Stop()
    assert not stop()
    signal.raise_signal(signal.SIGTERM)
    assert stop()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.fixture
def logged() -> Iterator[Callable[[], dict[str, Any]]]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("orders.handlers")
    log.addHandler(handler)
    yield lambda: json.loads(text.getvalue())
    log.removeHandler(handler)


def test_logs_are_json_lines(logged: Callable[[], dict[str, Any]]) -> None:
    logging.getLogger("orders.handlers").error("billed %s", "o-1", extra={"fields": {"id": "7"}})
    line = logged()
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "ERROR",
        "logger": "orders.handlers",
        "message": "billed o-1",
        "id": "7",
    }


def test_of_an_exception_only_the_type_and_place_are_logged(
    logged: Callable[[], dict[str, Any]],
) -> None:
    def charge() -> None:
        raise ValueError("card 4111")

    try:
        charge()
    except ValueError:
        logging.getLogger("orders.handlers").exception("failed")
    line = logged()
    assert (line["error"], line["reason"]) == ("ValueError", "")
    assert re.fullmatch(r"test_process\.py:\d+ > test_process\.py:\d+", line["where"])
    assert "4111" not in json.dumps(line)
