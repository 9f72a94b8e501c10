"""The handlers of a flow on their own, without a queue. Yours: test what they do for you."""

import pytest

from audit.events import OrderPlaced
from audit.handlers import audit
from messaging import Message, Reject


def audit_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="order-1001", total_cents=total_cents)
    audit.order_placed(Message.example(event))


def test_audit_handles_an_event() -> None:
    audit_gets(total_cents=4200)


def test_audit_rejects_an_amount_that_is_not_positive() -> None:
    with pytest.raises(Reject, match="not positive"):
        audit_gets(total_cents=0)
