"""Dead letters: counted, shown, sent back, purged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from memory_queue import MemoryQueue
from messaging import StartError
from messaging.cloudevents import Outgoing
from messaging.dlq import Queues, count, peek, purge, redrive  # pyright: ignore[reportMissingImports]
from messaging.message import Failure
from messaging.sqs import LETTER  # pyright: ignore[reportMissingImports]

from .kit import Placed, event


class FakeSqs(MemoryQueue):
    """A memory queue with the few calls that are made of its client."""

    def __init__(self, name: str = "queue") -> None:
        super().__init__()
        self.name = self.address = name
        self.client = self
        self.refuse = False

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        visible = sum(item.visible_at <= self.now for item in self.stored)
        return {"Attributes": {"ApproximateNumberOfMessages": str(visible)}}

    def purge_queue(self, **_: Any) -> None:
        self.stored = []

    def send(self, events: Any) -> list[Failure | None]:
        return [Failure("Throttled", True)] if self.refuse else super().send(events)


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
    queues = Queues("B_QUEUE_URL", "B_DLQ_URL")
    assert queues.names() == ["queue", "dlq"]
    assert queues.open("dlq").name == "B_DLQ_URL"
    with pytest.raises(StartError, match="nothing is undelivered"):
        queues.open("undelivered")
    assert Queues("a", "b", "c").names() == ["queue", "dlq", "undelivered"]


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


def test_what_the_queue_does_not_take_stays_a_dead_letter(dead: Any, target: Any) -> None:
    put(dead, 1)
    target.refuse = True
    with pytest.raises(StartError, match="message-1 stays a dead letter: Throttled"):
        list(redrive(dead, target, 10))
    assert count(dead) == 1


def test_purge_deletes_all(dead: Any) -> None:
    put(dead, 1)
    purge(dead)
    assert dead.stored == []
