"""Runs one consumer until SIGTERM:  python -m audit.consumer audit

One process reads one queue; start more processes to scale. Visibility timeout, attempts and the
dead-letter queue are read from the queue at start: they are set in infra/ and nowhere else.
"""

import argparse
import sys

from audit.events import OrderPlaced
from audit.handlers import audit
from messaging import Consumer, on, run
from messaging.sqs import SqsQueue

CONSUMERS = {
    "audit": Consumer(
        name="audit",
        queue_variable="AUDIT_AUDIT_QUEUE_URL",
        routes=[  # an event type without a route is a Reject
            on(OrderPlaced, audit.order_placed),
        ],
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m audit.consumer")
    parser.add_argument("consumer", choices=CONSUMERS)
    consumer = CONSUMERS[parser.parse_args().consumer]
    return run(consumer, SqsQueue(consumer.queue_variable))


if __name__ == "__main__":
    sys.exit(main())
