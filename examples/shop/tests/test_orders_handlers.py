"""The handlers of a flow on their own, without a queue. Yours: test what they do for you."""

import pytest

from messaging import Message, Reject
from orders.events import OrderPlaced
from orders.handlers import billing, shipping


def billing_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="order-1001", total_cents=total_cents)
    billing.order_placed(Message.example(event))


def test_billing_handles_an_event() -> None:
    billing_gets(total_cents=4200)


def test_billing_rejects_an_amount_that_is_not_positive() -> None:
    with pytest.raises(Reject, match="not positive"):
        billing_gets(total_cents=0)


def shipping_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="order-1001", total_cents=total_cents)
    shipping.order_placed(Message.example(event))


def test_shipping_handles_an_event() -> None:
    shipping_gets(total_cents=4200)


def test_shipping_rejects_an_amount_that_is_not_positive() -> None:
    with pytest.raises(Reject, match="not positive"):
        shipping_gets(total_cents=0)
