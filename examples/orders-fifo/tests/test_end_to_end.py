"""Every consumer's settings and routes, with the example events, over a queue in memory.

The producer and the worker are the real ones; the queue, and the handlers, stand in for yours. AWS,
filters and the infrastructure take no part, and your handlers have tests of their own.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import orders_fifo.consumer
from memory_queue import MemoryQueue, drain
from messaging import Message, Producer, Reject, Retry

FLOWS = {
    "orders-fifo": orders_fifo.consumer.CONSUMERS,
}
FIFO = {"orders-fifo"}
CASES = [
    pytest.param((flow, consumer), id=f"{flow} {consumer.name}")
    for flow, consumers in FLOWS.items()
    for consumer in consumers.values()
]
Handler = Callable[[Message[Any]], None]
Run = Callable[[Handler], MemoryQueue]


@pytest.fixture(params=CASES)
def run(request: pytest.FixtureRequest, example: Callable[[str, str], Any]) -> Run:
    """Sends the example of the consumer's first event type, and handles all that comes."""
    flow, consumer = request.param
    fifo = flow in FIFO

    def send_and_handle(handler: Handler) -> MemoryQueue:
        queue = MemoryQueue(fifo=fifo, max_attempts=3)
        routes = [route._replace(handle=handler) for route in consumer.routes]
        with Producer(queue, source="/test") as producer:
            producer.send(routes[0].decode(example(flow, routes[0].type)))
        drain(replace(consumer, routes=routes), queue)
        return queue

    return send_and_handle


def test_an_event_is_handled_once(run: Run) -> None:
    seen: list[Message[Any]] = []
    queue = run(seen.append)
    assert [message.attempt for message in seen] == [1]
    assert queue.dead == []


def test_a_rejected_event_is_dead_lettered_with_its_reason(run: Run) -> None:
    def reject(message: Message[Any]) -> None:
        raise Reject("no such customer")

    [(letter, fields)] = run(reject).dead
    assert letter.attempt == 1
    assert fields["mq-error-message"] == "no such customer"


def test_a_retried_event_comes_back_after_the_delay(run: Run) -> None:
    attempts: list[int] = []

    def retry_once(message: Message[Any]) -> None:
        attempts.append(message.attempt)
        if message.attempt == 1:
            raise Retry("not yet", after=30)

    queue = run(retry_once)
    assert attempts == [1, 2]
    assert queue.now == 30
    assert queue.dead == []
