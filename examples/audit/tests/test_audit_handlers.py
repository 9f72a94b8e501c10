"""The handlers of audit on their own, without a queue. Yours: test what they do for you."""

import pytest

from audit.events import OrderPlaced
from audit.handlers import audit
from messaging import Message, Reject


def audit_gets(total_cents: int) -> None:
    event = OrderPlaced(order_id="o-1001", total_cents=total_cents)
    audit.order_placed(Message.example(event))


def test_audit_handles_an_order() -> None:
    audit_gets(total_cents=4200)


def test_audit_rejects_an_order_with_nothing_to_pay() -> None:
    with pytest.raises(Reject, match="nothing to pay"):
        audit_gets(total_cents=0)
