"""Runs one consumer until SIGTERM:  python -m jobs.consumer

One process reads one queue; start more processes to scale. Visibility timeout, attempts and the
dead-letter queue are read from the queue at start: they are set in infra/ and nowhere else.
"""

import argparse
import sys

from jobs.events import OrderPlaced
from jobs.handlers import consumer
from messaging import Consumer, on, run
from messaging.sqs import SqsQueue

CONSUMERS = {
    "consumer": Consumer(
        name="consumer",
        queue_variable="JOBS_QUEUE_URL",
        routes=[  # an event type without a route is a Reject
            on(OrderPlaced, consumer.order_placed),
        ],
        concurrency=20,
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m jobs.consumer")
    parser.add_argument("consumer", choices=CONSUMERS, nargs="?", default="consumer")
    consumer = CONSUMERS[parser.parse_args().consumer]
    return run(consumer, SqsQueue(consumer.queue_variable))


if __name__ == "__main__":
    sys.exit(main())
