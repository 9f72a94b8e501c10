"""What `python -m <flow>.dlq` does: counts, shows, sends back and purges dead letters."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from messaging.cloudevents import Outgoing, Received
from messaging.message import StartError
from messaging.sqs import LETTER, SqsQueue, needs


class Queues(NamedTuple):
    """The environment variables with the URLs of one consumer's queues."""

    queue: str
    dlq: str
    undelivered: str | None = None

    def names(self) -> list[str]:
        """Those that are there."""
        return [name for name in self._fields if getattr(self, name)]

    def open(self, name: str) -> SqsQueue:
        """Opens one of them: queue, dlq, or undelivered (what SNS could not hand over)."""
        if not (variable := getattr(self, name)):
            raise StartError("nothing is undelivered here: no topic stands before the queue")
        queue = SqsQueue(variable)
        queue.open()
        return queue


def count(queue: SqsQueue) -> int:
    """About how many messages can be received."""
    name = "ApproximateNumberOfMessages"
    answer = queue.client.get_queue_attributes(QueueUrl=queue.address, AttributeNames=[name])
    return int(answer["Attributes"][name])


def peek(source: SqsQueue, limit: int, payload: bool) -> Iterator[dict[str, Any]]:
    """Why each of the first messages is here, and its data if asked for; leaves them there."""
    seen: list[Received] = []
    for message in _take(source, limit):
        seen.append(message)
        yield _describe(message, payload)
    source.nack(seen[::-1], 0)


def redrive(source: SqsQueue, target: SqsQueue, limit: int) -> Iterator[dict[str, Any]]:
    """Sends messages back as they were, their attempts forgotten. Each is deleted here when the
    target has it: killed half-way, one is there twice, and none is lost."""
    for message in _take(source, limit):
        letter = json.loads(message.attributes.get(LETTER, "{}"))
        kept = {name: text for name, text in message.attributes.items() if name != LETTER}
        kept |= json.loads(letter.get("mq-attributes", "{}"))
        # Under its old id a FIFO queue would drop what it saw less than 5 minutes ago.
        again = Outgoing(f"redrive-{message.id}", message.body, kept, message.group)
        if failure := (target.send([again])[0] or source.ack([message])[0]):
            source.nack([message], 0)
            raise StartError(f"{message.id} stays a dead letter: {failure.code}")
        yield _describe(message, payload=False)


def purge(source: SqsQueue) -> None:
    """Deletes all messages, for good."""
    with needs("sqs:PurgeQueue", source.name):
        source.client.purge_queue(QueueUrl=source.address)


def _take(queue: SqsQueue, limit: int) -> Iterator[Received]:
    empty = 0
    while limit > 0 and empty < 3:  # an empty answer does not prove that the queue is empty
        messages = queue.receive(limit)
        empty = 0 if messages else empty + 1
        limit -= len(messages)
        yield from messages


def _describe(message: Received, payload: bool) -> dict[str, Any]:
    try:
        event = dict(json.loads(message.body))
    except (ValueError, TypeError):
        event = {"data": message.body}
    names = ("id", "type", "time", "partitionkey", *(["data"] if payload else []))
    moved = {"mq-error-message": "moved by SQS itself: no consumer finished it"}
    letter = json.loads(message.attributes.get(LETTER, "null")) or moved
    return {name: event[name] for name in names if name in event} | letter
