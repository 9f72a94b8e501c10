"""What `python -m <flow>.dlq` does: counts, shows, sends back and purges dead letters."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from messaging.cloudevents import Outgoing, Received
from messaging.message import StartError
from messaging.sqs import LETTER, SqsQueue, needs


class Queues(NamedTuple):
    """One consumer's queues, by the environment variable of the first; and whether SNS fills it."""

    variable: str
    subscribed: bool

    def names(self) -> list[str]:
        """queue, dlq, and undelivered: what SNS could not hand over."""
        return ["queue", "dlq", *(["undelivered"] if self.subscribed else [])]

    def open(self, name: str) -> SqsQueue:
        """Opens one of them."""
        queue = SqsQueue(f"{self.variable.removesuffix('_QUEUE_URL')}_{name.upper()}_URL")
        queue.open()
        return queue


def count(queue: SqsQueue) -> int:
    """About how many messages can be received."""
    name = "ApproximateNumberOfMessages"
    answer = queue.client.get_queue_attributes(QueueUrl=queue.address, AttributeNames=[name])
    return int(answer["Attributes"][name])


def peek(source: SqsQueue, limit: int, payload: bool) -> Iterator[dict[str, Any]]:
    """Why each of the first messages is here, and its data if asked for; leaves them there."""
    held: list[Received] = []
    try:
        for message in _take(source, limit, held):
            yield _describe(message, payload)
    finally:
        source.nack(held[::-1], 0)


def redrive(source: SqsQueue, target: SqsQueue, limit: int) -> Iterator[dict[str, Any]]:
    """Sends messages back as they were, their attempts forgotten. Each is deleted here when the
    target has it: killed half-way, one is there twice, and none is lost."""
    held: list[Received] = []
    try:
        for message in _take(source, limit, held):
            letter = json.loads(message.attributes.get(LETTER, "{}"))
            kept = {name: text for name, text in message.attributes.items() if name != LETTER}
            kept |= json.loads(letter.get("mq-attributes", "{}"))
            # Under its old id a FIFO queue would drop what it saw less than 5 minutes ago.
            again = Outgoing(f"redrive-{message.id}", message.body, kept, message.group)
            if failure := (target.send([again])[0] or source.ack([message])[0]):
                raise StartError(f"{message.id} stays a dead letter: {failure.code}")
            held.remove(message)
            yield _describe(message, payload=False)
    finally:
        source.nack(held[::-1], 0)


def purge(source: SqsQueue) -> None:
    """Deletes all messages, for good."""
    with needs("sqs:PurgeQueue", source.name):
        source.client.purge_queue(QueueUrl=source.address)


def _take(queue: SqsQueue, limit: int, held: list[Received]) -> Iterator[Received]:
    """Each event once: what a consumer rejects again meanwhile is held, and not shown. Ends when
    as many came as were there at the start."""
    left, seen = min(limit, count(queue)), set[str]()
    while left > 0 and (messages := queue.receive(left, WaitTimeSeconds=1, VisibilityTimeout=30)):
        held += messages
        left -= len(messages)
        for message in messages:
            event = str(_event(message).get("id", message.id))
            if event not in seen:
                seen.add(event)
                yield message


def _event(message: Received) -> dict[str, Any]:
    try:
        return dict(json.loads(message.body))
    except (ValueError, TypeError):
        return {"data": message.body}


def _describe(message: Received, payload: bool) -> dict[str, Any]:
    event = _event(message)
    names = ("id", "type", "time", "partitionkey", *(["data"] if payload else []))
    moved = {"mq-error-message": "moved by SQS itself: no consumer finished it"}
    letter = json.loads(message.attributes.get(LETTER, "null")) or moved
    return {name: event[name] for name in names if name in event} | letter
