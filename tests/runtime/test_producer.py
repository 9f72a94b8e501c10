"""Batches, what fails in them, and what a handler sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from messaging import Message, Producer, Reject, Retry, Undelivered, Unsendable
from messaging.cloudevents import Outgoing
from messaging.message import Failure

from .conftest import FakeTime
from .kit import Bench, Placed, event

AGAIN, NEVER = Failure("InternalError", again=True), Failure("InvalidParameter", again=False)


class Topic:
    """A destination that remembers its batches; `plan` says what becomes of each next entry."""

    batch_entries, batch_bytes = 10, 262_144

    def __init__(self, *, fifo: bool = False) -> None:
        self.fifo, self.opened = fifo, 0
        self.batches: list[list[int]] = []
        self.plan: list[Failure | None] = []
        self.error: Exception | None = None
        self.taken: list[int] = []
        self.sent = threading.Event()

    def open(self) -> None:
        self.opened += 1

    def check(self, event: Outgoing) -> None:
        if event.size() > self.batch_bytes:
            raise Unsendable

    def send(self, events: Sequence[Outgoing]) -> list[Failure | None]:
        numbers = [json.loads(event.body)["data"]["number"] for event in events]
        self.batches.append(numbers)
        if self.error:
            raise self.error
        result = [self.plan.pop(0) if self.plan else None for _ in events]
        self.taken += [
            number for number, failure in zip(numbers, result, strict=True) if not failure
        ]
        self.sent.set()
        return result


def producer(topic: Topic, **settings: Any) -> Producer:
    made = Producer(topic, source="/orders", **settings)
    made._started = not settings  # no thread, unless the linger is what is tested
    return made


def send(producer: Producer, *numbers: int, order: str = "o-1") -> list[str]:
    return [producer.send(Placed(order=order, number=number)) for number in numbers]


def test_making_a_producer_does_nothing() -> None:
    topic = Topic()
    producer(topic)
    assert topic.opened == 0


def test_full_batches_leave_at_once_and_the_rest_at_the_end() -> None:
    topic = Topic()
    with producer(topic) as one:
        send(one, *range(12))
        assert topic.batches == [list(range(10))]
    assert topic.batches[1:] == [[10, 11]]


def test_a_batch_holds_no_more_bytes_than_the_destination_takes() -> None:
    topic = Topic()
    topic.batch_bytes = 1500
    with producer(topic) as one:
        send(one, *range(10))
    assert topic.taken == list(range(10))
    assert max(map(len, topic.batches)) in (2, 3)


def test_a_lone_event_leaves_after_the_linger() -> None:
    topic = Topic()
    one = producer(topic, linger=0.01)
    send(one, 1)
    assert topic.sent.wait(5)
    one.flush()
    assert topic.batches == [[1]]


def test_only_what_failed_for_a_moment_is_sent_again(fake_time: FakeTime) -> None:
    topic = Topic()
    topic.plan = [None, AGAIN, None]
    with producer(topic) as one:
        send(one, 1, 2, 3)
    assert topic.batches == [[1, 2, 3], [2]]
    assert 0.05 <= fake_time.slept[0] <= 0.1


def test_what_is_refused_for_good_is_told_by_id_and_not_sent_again(fake_time: FakeTime) -> None:
    topic = Topic()
    topic.plan = [None, NEVER]
    one = producer(topic)
    ids = send(one, 1, 2)
    with pytest.raises(
        Undelivered, match=r"1 events were not delivered \(InvalidParameter"
    ) as error:
        one.flush()
    assert error.value.ids == ids[1:]
    assert topic.batches == [[1, 2]]
    one.flush()


def test_a_broker_that_stays_away_is_given_up_after_half_a_minute(fake_time: FakeTime) -> None:
    topic = Topic()
    topic.error = ConnectionError()
    one = producer(topic)
    ids = send(one, 1, 2)
    with pytest.raises(Undelivered, match="ConnectionError") as error:
        one.flush()
    assert error.value.ids == ids
    assert 25 < fake_time.now - 1000 < 31
    assert len(topic.batches) < 20


def test_pauses_grow_and_differ(fake_time: FakeTime) -> None:
    topic = Topic()
    topic.plan = [AGAIN] * 6
    with producer(topic) as one:
        send(one, 1)
    for pause, slept in zip((0.1, 0.2, 0.4, 0.8, 1.6, 3.2), fake_time.slept, strict=True):
        assert pause / 2 <= slept <= pause


def test_on_fifo_what_failed_goes_before_what_comes_later(fake_time: FakeTime) -> None:
    topic = Topic(fifo=True)
    topic.plan = [AGAIN, None]
    with producer(topic) as one:
        send(one, 1, 2)
        send(one, 7, order="o-2")
        send(one, 3)
    assert topic.batches == [[1, 7], [1], [2], [3]]


def test_on_fifo_nothing_of_a_key_is_sent_after_a_failure_until_it_was_told() -> None:
    topic = Topic(fifo=True)
    topic.plan = [NEVER]
    one = producer(topic)
    ids = send(one, 1, 2)
    send(one, 7, order="o-2")
    with pytest.raises(Undelivered, match=r"InvalidParameter, an earlier one of its key") as error:
        one.flush()
    assert (error.value.ids, topic.taken) == (ids, [7])
    send(one, 3)
    one.flush()
    assert topic.taken == [7, 3]


def test_a_program_that_never_flushes_is_told_by_its_next_send() -> None:
    topic = Topic(fifo=True)
    topic.plan = [NEVER]
    one = producer(topic)
    ids = send(one, 1)
    one._drain(1)  # as its thread does after the linger
    send(one, 7, order="o-2")
    with pytest.raises(Undelivered) as error:
        send(one, 2)
    assert error.value.ids == ids
    send(one, 3)
    one.flush()
    assert topic.taken == [7, 3]


def test_failures_that_nobody_asks_for_do_not_pile_up() -> None:
    topic = Topic()
    topic.plan = [NEVER] * 1000
    one = producer(topic)
    send(one, *range(1000))
    with pytest.raises(Undelivered, match="1000 events"):
        send(one, 1)
    assert one._failed == {}


def test_what_a_handler_sends_of_one_key_stops_at_its_first_failure() -> None:
    topic = Topic(fifo=True)
    topic.plan = [NEVER]
    events = [event(Placed(order="o-1", number=number)) for number in (1, 2)]
    with pytest.raises(Undelivered) as error:
        producer(topic).deliver(events)
    assert error.value.ids == [made.id for made in events]
    assert topic.batches == [[1]]


def test_a_flush_answers_for_all_threads() -> None:
    topic = Topic()
    topic.plan = [NEVER]
    one = producer(topic)
    thread = threading.Thread(target=send, args=(one, 1))
    thread.start()
    thread.join()
    with pytest.raises(Undelivered):
        one.flush()


def test_an_event_that_cannot_be_sent_is_refused_before_the_network() -> None:
    topic = Topic()
    one = producer(topic)
    with pytest.raises(Unsendable):
        one.send(Placed(order="x" * 262_144))
    one.flush()
    assert topic.batches == []


def test_threads_share_a_producer() -> None:
    topic = Topic()
    with producer(topic) as one:
        threads = [threading.Thread(target=send, args=(one, *range(50))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(topic.taken) == sorted([*range(50)] * 4)


def sender(topic: Topic, handler: Any) -> Bench:
    return Bench(handler=handler, sends_to=producer(topic))


def test_what_a_handler_sends_is_delivered_before_the_acknowledgement() -> None:
    topic = Topic()

    def handler(message: Message[Placed]) -> None:
        message.send(Placed(order="o-2", number=5))
        message.send(Placed(order="o-3", number=6))
        assert message.attempt > 1 or topic.batches == []

    bench = sender(topic, handler)
    bench.put(1)
    topic.error = ConnectionError()
    bench.worker.consumer.sends_to._give_up = 0  # type: ignore[union-attr]
    bench.step()
    assert "ack" not in [call for call, _ in bench.queue.calls]
    topic.error = None
    bench.later()
    assert topic.taken == [5, 6]
    assert bench.queue.stored == []


@pytest.mark.parametrize("error", [Retry("x"), Reject("x"), ValueError()])
def test_what_a_failing_handler_sent_is_dropped(error: Exception) -> None:
    topic = Topic()

    def handler(message: Message[Placed]) -> None:
        message.send(Placed(order="o-2"))
        raise error

    bench = sender(topic, handler)
    bench.put(1)
    bench.step()
    assert topic.batches == []


def test_what_is_sent_twice_has_the_same_id() -> None:
    sent: list[str] = []

    class Remembers(Topic):
        def send(self, events: Sequence[Outgoing]) -> list[Failure | None]:
            sent.extend(event.id for event in events)
            return [None] * len(events)

    def handler(message: Message[Placed]) -> None:
        message.send(Placed(order="o-2"))
        message.reply(Placed(order="o-3"))

    bench = sender(Remembers(), handler)
    bench.put(1)
    bench.queue.failures["ack"] = [NEVER]
    bench.step()
    bench.queue.now += 61
    bench.step()
    assert sent[:2] == sent[2:]
    assert sent[0] != sent[1]


def test_a_reply_has_the_messages_key_and_its_id_to_be_matched() -> None:
    sent: list[Outgoing] = []

    class Remembers(Topic):
        def send(self, events: Sequence[Outgoing]) -> list[Failure | None]:
            sent.extend(events)
            return [None] * len(events)

    bench = sender(Remembers(), lambda message: message.reply(Placed(order="other")))
    bench.put(1)
    asked = json.loads(bench.queue.sent[0].body)["id"]
    bench.step()
    body = json.loads(sent[0].body)
    assert (sent[0].group, body["correlationid"]) == ("o-1", asked)


def test_sending_without_a_destination_says_so_at_once() -> None:
    bench = Bench(handler=lambda message: message.send(Placed(order="o-2")))
    bench.put(1)
    bench.step()
    assert len(bench.queue.stored) == 1
    with pytest.raises(RuntimeError, match="sends_to=Producer"):
        Message(id="1", type="t", source="/s", data=Placed(order="x")).send(Placed(order="y"))


def test_an_example_message_shows_what_was_sent() -> None:
    message = Message.example(Placed(order="o-1"), attempt=3)
    message.send(Placed(order="o-2"), key="other")
    assert (message.key, message.attempt, message.type) == ("o-1", 3, "order.placed")
    assert message.outbox is not None
    assert message.outbox[0].key == "other"
    assert "o-1" not in repr(message).replace("key='o-1'", "")
