"""What the consumers of jobs gave up on.

    python -m jobs.dlq list
    python -m jobs.dlq peek --max 5
    python -m jobs.dlq redrive --limit 1
    python -m jobs.dlq purge --yes

peek tells why each is there, and with --payload shows the data; redrive sends back to the queue.
It needs the operator's identity, and the outputs of the stack in the environment.
"""

import argparse
import json
import sys

from jobs.consumer import CONSUMERS
from messaging import StartError
from messaging.dlq import Queues, count, peek, purge, redrive

SUBSCRIBED = False  # whether a topic fills the queues
QUEUES = {name: Queues(one.queue_variable, SUBSCRIBED) for name, one in CONSUMERS.items()}


def main() -> int:
    parser = argparse.ArgumentParser("python -m jobs.dlq")
    parser.add_argument("command", choices=["list", "peek", "redrive", "purge"])
    parser.add_argument("consumer", choices=QUEUES, nargs="?")
    parser.add_argument("--limit", "--max", type=int, default=10, help="so many at most")
    parser.add_argument("--payload", action="store_true", help="peek: show the events' data")
    parser.add_argument("--dry-run", action="store_true", help="redrive: show, and send nothing")
    parser.add_argument("--yes", action="store_true", help="purge: there is no way back")
    options = parser.parse_args()
    if options.command == "purge" and not options.yes:
        parser.error("purge deletes all dead letters for good: say --yes")
    if options.command != "list" and options.consumer is None and len(QUEUES) > 1:
        parser.error(f"which consumer? {', '.join(QUEUES)}")
    try:
        run(options)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    if options.command == "list":
        for consumer, queues in QUEUES.items():
            counts = [f"{name}={count(queues.open(name))}" for name in queues.names()]
            print(consumer, *counts)
        return
    queues = QUEUES[options.consumer or next(iter(QUEUES))]
    source = queues.open("dlq")
    if options.command == "purge":
        purge(source)
    elif options.command == "peek" or options.dry_run:
        for letter in peek(source, options.limit, options.payload):
            print(json.dumps(letter))
    else:
        for letter in redrive(source, queues.open("queue"), options.limit):
            print(json.dumps(letter | {"redriven": True}))
    print(f"{count(source)} left")


if __name__ == "__main__":
    sys.exit(main())
