"""The handlers of invoices on their own, without a queue. Yours: test what they do for you."""

import pytest

from invoices.events import InvoiceRequested
from invoices.handlers import consumer
from messaging import Message, Reject


def consumer_gets(total_cents: int) -> None:
    event = InvoiceRequested(order_id="o-1001", total_cents=total_cents)
    consumer.invoice_requested(Message.example(event))


def test_consumer_handles_an_order() -> None:
    consumer_gets(total_cents=4200)


def test_consumer_rejects_an_order_with_nothing_to_pay() -> None:
    with pytest.raises(Reject, match="nothing to pay"):
        consumer_gets(total_cents=0)
