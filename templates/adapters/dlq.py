"""Dead letters from a shell: list, peek, redrive, purge. Run by `python -m <flow>.dlq`."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from messaging.cloudevents import Outgoing
from messaging.message import Received, StartError
from messaging.sqs import LETTER, SqsQueue, needs


class Queues(NamedTuple):
    """The environment variables with the URLs of one consumer's queues."""

    queue: str
    dlq: str
    undelivered: str | None = None


def main(program: str, consumers: Mapping[str, Queues], words: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(program, description=__doc__)
    parser.add_argument("command", choices=["list", "peek", "redrive", "purge"])
    parser.add_argument("consumer", choices=consumers, nargs="?")
    parser.add_argument("--undelivered", action="store_true", help="what SNS could not hand over")
    parser.add_argument("--limit", "--max", type=int, default=10, help="so many at most")
    parser.add_argument("--payload", action="store_true", help="peek: show the events' data")
    parser.add_argument("--dry-run", action="store_true", help="redrive: show and send nothing")
    parser.add_argument("--yes", action="store_true", help="purge: there is no way back")
    options = parser.parse_args(words)
    if options.command == "purge" and not options.yes:
        parser.error("purge deletes all dead letters for good: say --yes")
    if options.command != "list" and not options.consumer and len(consumers) > 1:
        parser.error(f"which consumer: {', '.join(consumers)}?")
    try:
        if options.command == "list":
            for name in [options.consumer] if options.consumer else consumers:
                print(name, _counts(consumers[name]))
        else:
            queues = consumers[options.consumer or next(iter(consumers))]
            _run(options, queues)
    except StartError as error:
        parser.exit(1, f"{error}\n")
    return 0


def _counts(queues: Queues) -> str:
    named = zip(("waiting", "dead-lettered", "undelivered"), queues, strict=True)
    return " ".join(f"{what}={_count(_open(name))}" for what, name in named if name)


def _open(name: str | None) -> SqsQueue:
    if name is None:
        raise StartError("nothing is undelivered here: no topic stands before the queue")
    queue = SqsQueue(name)
    queue.open()
    return queue


def _count(queue: SqsQueue) -> str:
    name = "ApproximateNumberOfMessages"
    answer = queue.client.get_queue_attributes(QueueUrl=queue.address, AttributeNames=[name])
    return answer["Attributes"][name]


def _run(options: argparse.Namespace, queues: Queues) -> None:
    source = _open(queues.undelivered if options.undelivered else queues.dlq)
    target = _open(queues.queue) if options.command == "redrive" else source
    if options.command == "purge":
        print(f"purging {_count(source)}")
        with needs("sqs:PurgeQueue", source.name):
            source.client.purge_queue(QueueUrl=source.address)
        return
    looked_at: list[Received] = []
    done = 0
    for message in _take(source, options.limit):
        print(json.dumps(_shown(message, options.payload)))
        if target is source or options.dry_run:
            looked_at.append(message)
        elif failure := target.send([_again(message)])[0]:
            looked_at.append(message)
            print(f"not sent: {failure.code}")
            break
        else:
            source.ack([message])  # not before the queue has it: killed here, it is there twice
            done += 1
    source.nack(looked_at[::-1], 0)
    print(f"redriven={done} looked_at={len(looked_at)} left={_count(source)}")


def _take(queue: SqsQueue, limit: int) -> Iterator[Received]:
    empty = 0
    while limit > 0 and empty < 3:  # an empty answer does not prove that the queue is empty
        messages = queue.receive(limit)
        empty = 0 if messages else empty + 1
        limit -= len(messages)
        yield from messages


def _again(message: Received) -> Outgoing:
    """The message as it was, its attempts forgotten. With its old deduplication id a FIFO queue
    would drop what it saw less than 5 minutes ago."""
    letter = json.loads(message.attributes.get(LETTER, "{}"))
    kept = {name: text for name, text in message.attributes.items() if name != LETTER}
    kept |= json.loads(letter.get("mq-attributes", "{}"))
    return Outgoing(f"redrive-{message.id}", message.body, kept, message.group)


def _shown(message: Received, payload: bool) -> dict[str, Any]:
    """Why a message is here; without its data, unless asked for."""
    try:
        event = dict(json.loads(message.body))
    except (ValueError, TypeError):
        event = {"data": message.body}
    names = ("id", "type", "time", "partitionkey", *(["data"] if payload else []))
    moved = {"mq-error-message": "moved by SQS itself: no consumer finished it"}
    letter = json.loads(message.attributes.get(LETTER, "null")) or moved
    return {name: event[name] for name in names if name in event} | letter
