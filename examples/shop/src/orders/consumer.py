"""Runs one consumer until SIGTERM:  python -m orders.consumer billing

One process reads one queue; start more processes to scale. Visibility timeout, attempts and the
dead-letter queue are read from the queue at start: they are set in infra/ and nowhere else.
"""

import argparse
import sys

from messaging import Consumer, on, run
from messaging.sqs import SqsQueue
from orders.events import OrderPlaced
from orders.handlers import billing, shipping

CONSUMERS = {
    "billing": Consumer(
        name="billing",
        queue_variable="ORDERS_BILLING_QUEUE_URL",
        routes=[  # an event type without a route is a Reject
            on(OrderPlaced, billing.order_placed),
        ],
        max_handler_seconds=60,
    ),
    "shipping": Consumer(
        name="shipping",
        queue_variable="ORDERS_SHIPPING_QUEUE_URL",
        routes=[  # an event type without a route is a Reject
            on(OrderPlaced, shipping.order_placed),
        ],
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m orders.consumer")
    parser.add_argument("consumer", choices=CONSUMERS)
    consumer = CONSUMERS[parser.parse_args().consumer]
    return run(consumer, SqsQueue(consumer.queue_variable))


if __name__ == "__main__":
    sys.exit(main())
