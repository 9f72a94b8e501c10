"""Inside a FIFO group nothing overtakes; groups do not wait for each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging import Message, Reject, Retry
from messaging.message import Failure

from .conftest import FakeTime
from .kit import Bench, FlakyQueue, Placed


def fails_once(*numbers: int) -> Any:
    left = set(numbers)

    def handler(message: Message[Placed]) -> None:
        if message.data.number in left:
            left.remove(message.data.number)
            raise Retry("once", after=30)

    return handler


def fifo(handler: Any = None, max_attempts: int = 9, **settings: Any) -> Bench:
    return Bench(FlakyQueue(fifo=True, max_attempts=max_attempts), handler, **settings)


def test_one_message_of_a_group_at_a_time() -> None:
    bench = fifo()
    bench.put(1, 2, 3)
    bench.put(9, order="o-2")
    bench.worker.poll()
    assert bench.worker.to_run.qsize() == 2
    bench.worker.work()
    assert bench.worker.to_run.qsize() == 2
    bench.handle()
    assert [n for key, n, _ in bench.seen if key == "o-1"] == [1, 2, 3]


def test_what_waits_behind_a_failure_is_handed_back_before_it_and_the_last_first() -> None:
    bench = fifo(fails_once(1))
    bench.put(1, 2, 3)
    bench.step()
    nacks = [about for call, about in bench.queue.calls if call == "nack"]
    assert nacks == [(["message-3", "message-2"], 0), (["message-1"], 30)]
    assert bench.seen == [("o-1", 1, 1)]
    assert bench.worker._held == {}


def test_nothing_of_the_group_is_handled_before_the_retry() -> None:
    bench = fifo(fails_once(1))
    bench.put(1, 2, 3)
    bench.put(7, order="o-2")
    bench.step()
    bench.queue.now += 29
    bench.step()
    assert [(key, n) for key, n, _ in bench.seen] == [("o-1", 1), ("o-2", 7)]
    for _ in range(3):
        bench.later()
    assert [(key, n) for key, n, _ in bench.seen[2:]] == [("o-1", 1), ("o-1", 2), ("o-1", 3)]


def test_a_failure_in_the_middle() -> None:
    bench = fifo(fails_once(2))
    bench.put(1, 2, 3)
    bench.step()
    bench.later()
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1, 2, 2, 3]


def test_a_reject_lets_the_group_go_on() -> None:
    def reject_first(message: Message[Placed]) -> None:
        if message.data.number == 1:
            raise Reject("bad")

    bench = fifo(reject_first)
    bench.put(1, 2)
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1, 2]
    assert len(bench.queue.dead) == 1


def test_the_group_goes_on_when_its_failing_message_is_dead_lettered() -> None:
    def fail_first(message: Message[Placed]) -> None:
        if message.data.number == 1:
            raise ValueError

    bench = fifo(fail_first, max_attempts=2)
    bench.put(1, 2)
    bench.step()
    bench.later()
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1, 1, 2]
    assert len(bench.queue.dead) == 1


def test_block_holds_its_group_and_no_other() -> None:
    def fail_first(message: Message[Placed]) -> None:
        if message.data.number == 1:
            raise ValueError

    bench = fifo(fail_first, max_attempts=2, on_failure="block")
    bench.put(1, 2)
    bench.put(7, 8, order="o-2")
    bench.step()
    for _ in range(5):
        bench.later()
    assert {n for _, n, _ in bench.seen} == {1, 7, 8}


def test_the_next_waits_for_the_acknowledgement_of_the_one_before(fake_time: FakeTime) -> None:
    bench = fifo()
    bench.put(1, 2)
    bench.queue.failures["ack"] = [Failure("ReceiptHandleIsInvalid", again=False)]
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1]
    bench.queue.now += 61
    bench.step()
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1, 1, 2]


def test_a_message_waits_in_line_also_when_it_comes_with_a_later_receive() -> None:
    bench = fifo(concurrency=2)
    bench.put(1, 2, 3)
    bench.worker.poll()
    bench.handle()
    bench.step()
    assert [n for _, n, _ in bench.seen] == [1, 2, 3]


@pytest.mark.parametrize("lost", ["message-1", "message-2"])
def test_a_lost_lease_hands_back_all_that_wait_in_the_group(lost: str) -> None:
    bench = fifo()
    bench.put(1, 2, 3)
    bench.worker.poll()
    bench.queue.now += 40
    gone = Failure("MessageNotInflight", again=False)
    bench.queue.failures["extend"] = [gone if f"message-{n}" == lost else None for n in (1, 2, 3)]  # type: ignore[assignment]
    bench.worker.renew()
    bench.handle()
    expected = {"message-1": [], "message-2": [1]}[lost]
    assert [n for _, n, _ in bench.seen] == expected
    assert bench.worker._held == {}


def test_what_waits_behind_a_failing_message_keeps_its_attempts() -> None:
    def fail_first(message: Message[Placed]) -> None:
        if message.data.number == 1:
            raise ValueError

    bench = fifo(fail_first, max_attempts=9)
    bench.put(1, 2, 3)
    bench.step()
    while bench.queue.stored:
        bench.later()
    assert [n for _, n, _ in bench.seen] == [1] * 9 + [2, 3]
    assert [attempt for _, n, attempt in bench.seen if n > 1] == [2, 2]


def test_a_failing_group_slows_the_others_only_around_its_return() -> None:
    bench = fifo(fails_once(1), concurrency=10)
    bench.put(1)
    bench.step()  # again in 30 s
    bench.put(*range(50, 53), order="o-2")
    bench.step()
    bench.queue.now += 30
    bench.step()
    bench.step()
    limits = [about for call, about in bench.queue.calls if call == "receive"]
    assert limits == [10, 1, 1, 10]


def test_a_group_that_failed_and_went_to_another_consumer_is_forgotten() -> None:
    bench = fifo(fails_once(1))
    bench.put(1)
    bench.step()
    bench.queue.stored.clear()
    bench.queue.now += 30 + 60 + 21
    bench.step()
    assert bench.worker._failing == {}
    assert bench.queue.calls[-1] == ("receive", 10)


@settings(max_examples=60, deadline=None)
@given(
    sent=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=25),
    failing=st.sets(st.integers(0, 24), max_size=10),
    rejected=st.sets(st.integers(0, 24), max_size=4),
    concurrency=st.integers(1, 12),
)
def test_each_group_is_handled_in_the_order_sent(
    sent: list[str], failing: set[int], rejected: set[int], concurrency: int
) -> None:
    done: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    tries: dict[int, int] = {}

    def handler(message: Message[Placed]) -> None:
        number = message.data.number
        tries[number] = tries.get(number, 0) + 1
        if number in failing and tries[number] < 3:
            raise Retry("again", after=tries[number] * 7)
        done[message.data.order].append(number)
        if number in rejected:
            raise Reject("no")

    bench = fifo(handler, max_attempts=1000, concurrency=concurrency)
    for number, key in enumerate(sent):
        bench.put(number, order=key)
    while bench.queue.stored:
        bench.later()
    for key, numbers in done.items():
        assert numbers == [n for n, k in enumerate(sent) if k == key]
