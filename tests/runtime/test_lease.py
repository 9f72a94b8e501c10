"""A message in hand stays hidden; a lost one is neither acknowledged nor handed back."""

from __future__ import annotations

import pytest

from messaging import Message
from messaging.message import Failure

from .kit import Bench, FlakyQueue, Placed, said


def extended(bench: Bench) -> list[list[str]]:
    return [about for call, about in bench.queue.calls if call == "extend"]


def test_leases_are_extended_at_six_tenths_in_one_call() -> None:
    bench = Bench()
    bench.put(1, 2, 3)
    bench.worker.poll()
    bench.queue.now = 35
    bench.worker.renew()
    assert extended(bench) == []
    bench.queue.now = 36
    bench.worker.renew()
    assert extended(bench) == [["message-1", "message-2", "message-3"]]
    bench.queue.now = 71
    bench.worker.renew()
    assert len(extended(bench)) == 1
    assert {item.visible_at for item in bench.queue.stored} == {96}


def test_a_slow_handler_keeps_its_message() -> None:
    bench = Bench()

    def slow(message: Message[Placed]) -> None:
        for _ in range(10):
            bench.queue.now += 20
            bench.worker.renew()
            assert bench.queue.receive(10) == []

    bench.handler = slow
    bench.put(1)
    bench.step()
    assert bench.queue.stored == []
    assert bench.seen == [("o-1", 1, 1)]


def test_after_max_handler_seconds_the_message_is_left_to_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(max_handler_seconds=50)

    def hang(message: Message[Placed]) -> None:
        if message.attempt == 1:
            for _ in range(10):
                bench.queue.now += 10
                bench.worker.renew()
            assert not bench.worker.alive()

    bench.handler = hang
    bench.put(1)
    bench.step()
    assert [fields["why"] for fields in said(caplog, "lease lost")] == [
        "the handler runs for too long"
    ]
    assert [call for call, _ in bench.queue.calls if call in ("ack", "nack")] == []
    assert bench.worker._held == {}
    assert bench.worker.alive()
    bench.step()
    assert [attempt for _, _, attempt in bench.seen] == [1, 2]
    assert bench.queue.stored == []


def test_a_hung_handler_keeps_its_place_so_that_no_more_run_than_may() -> None:
    bench = Bench(max_handler_seconds=10, concurrency=1)

    def hang(message: Message[Placed]) -> None:
        bench.queue.now += 11
        bench.worker.renew()
        assert bench.worker.poll() == 0

    bench.handler = hang
    bench.put(1)
    bench.step()


def test_a_failed_extension_is_tried_again_while_the_lease_lasts() -> None:
    bench = Bench()
    bench.put(1)
    bench.worker.poll()
    bench.queue.broken = {"extend"}
    bench.queue.now = 40
    bench.worker.renew()
    bench.queue.broken = set()
    bench.queue.now = 59
    bench.worker.renew()
    assert bench.queue.stored[0].visible_at == 119
    bench.handle()
    assert bench.queue.stored == []


def test_extensions_that_fail_to_the_end_lose_the_lease(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.put(1)
    bench.worker.poll()
    bench.queue.broken = {"extend"}
    for now in (40, 50, 60):
        bench.queue.now = now
        bench.worker.renew()
    assert [fields["why"] for fields in said(caplog, "lease lost")] == ["ConnectionError"]
    bench.handle()
    assert bench.seen == []
    assert bench.worker._held == {}


def test_a_result_after_a_lost_lease_is_not_settled(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(FlakyQueue(max_attempts=1))

    def lose(message: Message[Placed]) -> None:
        bench.queue.now += 40
        bench.queue.failures["extend"] = [Failure("MessageNotInflight", again=False)]
        bench.worker.renew()
        raise ValueError

    bench.handler = lose
    bench.put(1)
    bench.step()
    assert len(said(caplog, "lease lost")) == 1
    assert bench.queue.dead == []
    assert [call for call, _ in bench.queue.calls if call in ("ack", "nack")] == []


def test_a_process_that_was_asleep_settles_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()

    def asleep(message: Message[Placed]) -> None:
        bench.queue.now += 61

    bench.handler = asleep
    bench.put(1)
    bench.step()
    assert said(caplog, "lease lost")[0]["why"] == "expired"
    assert len(bench.queue.stored) == 1
