"""Dead letters: counted, shown, sent back, purged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memory_queue import MemoryQueue
from messaging import StartError
from messaging.cloudevents import Outgoing, Received
from messaging.dlq import Queues, count, peek, purge, redrive  # pyright: ignore[reportMissingImports]
from messaging.message import Failure
from messaging.sqs import LETTER  # pyright: ignore[reportMissingImports]

from .kit import Placed, event


class FakeSqs(MemoryQueue):
    """A memory queue with the few calls that are made of its client."""

    lease_seconds = 30.0

    def __init__(self, name: str = "queue") -> None:
        super().__init__()
        self.name = self.address = name
        self.client = self
        self.refuse = ""

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        visible = sum(item.visible_at <= self.now for item in self.stored)
        return {"Attributes": {"ApproximateNumberOfMessages": str(visible)}}

    def purge_queue(self, **_: Any) -> None:
        self.stored = []

    def receive(self, limit: int, **asked: int) -> list[Received]:
        assert asked in ({}, {"WaitTimeSeconds": 1, "VisibilityTimeout": int(self.lease_seconds)})
        return super().receive(limit)

    def send(self, events: Any) -> list[Failure | None]:
        return [Failure("Throttled", True)] if self.refuse == "send" else super().send(events)

    def ack(self, messages: Any) -> list[Failure | None]:
        return [Failure("Throttled", True)] if self.refuse == "ack" else super().ack(messages)


def put(queue: Any, number: int, letter: dict[str, str] | None = None) -> Outgoing:
    made = event(Placed(order=f"o-{number}", number=number))
    more = {} if letter is None else {LETTER: json.dumps(letter)}
    queue.put(made.body, {**made.attributes, **more})
    return made


@pytest.fixture
def dead() -> Any:
    return FakeSqs()


@pytest.fixture
def target() -> Any:
    return FakeSqs()


def test_the_queues_are_found_by_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.dlq.SqsQueue", FakeSqs)
    queues = Queues("B_QUEUE_URL", subscribed=False)
    assert [queues.open(name).name for name in queues.names()] == ["B_QUEUE_URL", "B_DLQ_URL"]
    queues = Queues("B_QUEUE_URL", subscribed=True)
    assert queues.open(queues.names()[-1]).name == "B_UNDELIVERED_URL"


def test_peek_shows_why_and_leaves_all_there(dead: Any) -> None:
    made = put(dead, 1, {"mq-error-type": "Reject", "mq-attempts": "1"})
    put(dead, 2)
    first, second = peek(dead, 10, payload=False)
    assert (first["id"], first["type"], first["partitionkey"]) == (made.id, "order.placed", "o-1")
    assert (first["mq-error-type"], first["mq-attempts"]) == ("Reject", "1")
    assert "data" not in first
    assert "moved by SQS" in second["mq-error-message"]
    assert count(dead) == 2


def test_peek_shows_payloads_when_asked_and_no_more_than_asked(dead: Any) -> None:
    for number in range(3):
        put(dead, number)
    assert [shown["data"]["number"] for shown in peek(dead, 2, payload=True)] == [0, 1]


def test_peek_shows_what_is_no_event(dead: Any) -> None:
    dead.put("junk", {})
    dead.put("[1]", {})
    assert [shown["data"] for shown in peek(dead, 10, payload=True)] == ["junk", "[1]"]


def test_redrive_sends_back_without_the_marks_and_under_a_new_id(dead: Any, target: Any) -> None:
    made = put(dead, 1, {"mq-attempts": "9"})
    [shown] = redrive(dead, target, 10)
    assert (shown["id"], shown["mq-attempts"]) == (made.id, "9")
    assert dead.stored == []
    [sent] = target.sent
    assert (sent.body, sent.attributes) == (made.body, made.attributes)
    assert sent.id == "redrive-message-1"
    assert target.receive(1)[0].attempt == 1


def test_redrive_restores_attributes_that_had_to_move(dead: Any, target: Any) -> None:
    kept = {f"a{n}": "x" for n in range(10)}
    dead.put("{}", {LETTER: json.dumps({"mq-attributes": json.dumps(kept)})})
    list(redrive(dead, target, 10))
    assert target.sent[0].attributes == kept


def test_redrive_stops_at_its_limit(dead: Any, target: Any) -> None:
    for number in range(25):
        put(dead, number)
    assert len(list(redrive(dead, target, 12))) == 12
    assert (len(target.sent), len(dead.stored)) == (12, 13)


@pytest.mark.parametrize("call", ["send", "ack"])
def test_what_cannot_be_moved_stays_a_dead_letter_and_all_behind_it(
    call: str, dead: Any, target: Any
) -> None:
    for number in range(3):
        put(dead, number)
    (target if call == "send" else dead).refuse = call
    with pytest.raises(StartError, match="message-1 stays a dead letter: Throttled"):
        list(redrive(dead, target, 10))
    assert count(dead) == 3


def test_redrive_ends_although_a_live_consumer_rejects_all_again(dead: Any, target: Any) -> None:
    for number in range(3):
        put(dead, number)
    shown: list[Any] = []
    for letter in redrive(dead, target, 10):
        shown.append(letter["partitionkey"])
        again = target.sent[-1]
        dead.put(again.body, again.attributes)
        assert len(shown) <= 3
    assert shown == ["o-0", "o-1", "o-2"]
    assert count(dead) == 3


def test_redrive_moves_each_event_once_also_when_it_came_back_early(dead: Any, target: Any) -> None:
    made = put(dead, 1)
    dead.put(made.body, made.attributes)
    put(dead, 2)
    assert [letter["partitionkey"] for letter in redrive(dead, target, 10)] == ["o-1", "o-2"]
    assert count(dead) == 1


def test_peek_shows_a_letter_once_and_ends_while_others_arrive(dead: Any) -> None:
    for number in range(12):
        put(dead, number)
    shown: list[str] = []
    for letter in peek(dead, 100, payload=False):
        shown.append(letter["partitionkey"])
        dead.now += 31  # so slow that what was shown first can be received again
        put(dead, 100 + len(shown))
        assert len(shown) <= 12
    assert len(set(shown)) == len(shown)


def test_a_peek_that_is_broken_off_leaves_all_there(dead: Any) -> None:
    put(dead, 1)
    put(dead, 2)
    letters = peek(dead, 10, payload=False)
    next(letters)
    assert count(dead) == 0
    letters.close()  # type: ignore[attr-defined]
    assert count(dead) == 2


def test_purge_deletes_all(dead: Any) -> None:
    put(dead, 1)
    purge(dead)
    assert dead.stored == []
