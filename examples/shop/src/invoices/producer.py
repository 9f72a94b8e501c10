"""Sends events to invoices.

    with producer() as send:  # delivered, or Undelivered raised, when the block ends
        send.send(InvoiceRequested(...))

From a shell, with FILE holding {"type": ..., "key": ..., "data": {...}}; the key may be left out:

    python -m invoices.producer FILE --count 10
"""

import argparse
import json
import sys
from pathlib import Path

from invoices.events import EVENTS
from messaging import InvalidEvent, Producer, Stop, Undelivered, Unsendable
from messaging.message import StartError
from messaging.sqs import SqsQueue

SOURCE = "/shop/invoices"


def producer() -> Producer:
    """One is enough for a process: its threads may share it."""
    return Producer(SqsQueue("INVOICES_QUEUE_URL"), source=SOURCE)


def main() -> int:
    parser = argparse.ArgumentParser("python -m invoices.producer")
    parser.add_argument("file", type=Path, help='JSON: {"type": ..., "key": ..., "data": {...}}')
    parser.add_argument("--count", type=int, default=1, help="how many, each with an id of its own")
    parser.add_argument("--key", help="instead of the file's key")
    arguments = parser.parse_args()
    try:
        content = json.loads(arguments.file.read_text("utf-8"))
        event = EVENTS[content["type"]].from_json(content["data"])
    except (OSError, ValueError, KeyError, TypeError, InvalidEvent) as error:
        parser.error(f"{arguments.file} holds no event: {type(error).__name__}: {error}")
    sent, stop = 0, Stop()
    try:
        with producer() as send:
            while sent < arguments.count and not stop():
                send.send(event, key=arguments.key or content.get("key"))
                sent += 1
    except (StartError, Undelivered, Unsendable) as error:
        print(f"{sent} taken, and not all were delivered: {error}", file=sys.stderr)
        return 1
    print(f"{sent} sent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
