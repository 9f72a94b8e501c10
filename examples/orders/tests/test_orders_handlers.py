"""The handlers of orders on their own, without a queue. Yours: test what they do for you."""

import pytest

from messaging import Message, Reject
from orders.events import OrderPlaced
from orders.handlers import billing, shipping


def billing_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="o-1001", total_cents=total_cents)
    billing.order_placed(Message.example(event))


def test_billing_handles_an_order() -> None:
    billing_gets(total_cents=4200)


def test_billing_rejects_an_order_with_nothing_to_pay() -> None:
    with pytest.raises(Reject, match="nothing to pay"):
        billing_gets(total_cents=0)


def shipping_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="o-1001", total_cents=total_cents)
    shipping.order_placed(Message.example(event))


def test_shipping_handles_an_order() -> None:
    shipping_gets(total_cents=4200)


def test_shipping_rejects_an_order_with_nothing_to_pay() -> None:
    with pytest.raises(Reject, match="nothing to pay"):
        shipping_gets(total_cents=0)
