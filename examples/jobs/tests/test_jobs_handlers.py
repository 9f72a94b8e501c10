"""The handlers of a flow on their own, without a queue. Yours: test what they do for you."""

import pytest

from jobs.events import OrderPlaced
from jobs.handlers import consumer
from messaging import Message, Reject


def consumer_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="order-1001", total_cents=total_cents)
    consumer.order_placed(Message.example(event))


def test_consumer_handles_an_event() -> None:
    consumer_gets(total_cents=4200)


def test_consumer_rejects_an_amount_that_is_not_positive() -> None:
    with pytest.raises(Reject, match="not positive"):
        consumer_gets(total_cents=0)
