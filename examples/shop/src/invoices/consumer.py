"""Runs one consumer until SIGTERM:  python -m invoices.consumer

One process reads one queue; start more processes to scale. Visibility timeout, attempts and the
dead-letter queue are read from the queue at start: they are set in infra/ and nowhere else.
"""

import argparse
import sys

from invoices.events import InvoiceRequested
from invoices.handlers import consumer
from messaging import Consumer, on, run
from messaging.sqs import SqsQueue

CONSUMERS = {
    "consumer": Consumer(
        name="consumer",
        queue_variable="INVOICES_QUEUE_URL",
        routes=[  # an event type without a route is a Reject
            on(InvoiceRequested, consumer.invoice_requested),
        ],
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m invoices.consumer")
    parser.add_argument("consumer", choices=CONSUMERS, nargs="?", default="consumer")
    consumer = CONSUMERS[parser.parse_args().consumer]
    return run(consumer, SqsQueue(consumer.queue_variable))


if __name__ == "__main__":
    sys.exit(main())
