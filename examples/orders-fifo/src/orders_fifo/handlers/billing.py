"""What billing does with an event. Yours: an update never changes this file.

A handler can run more than once for one event, so make its effect safe to repeat:
`message.id` stays the same over retries, duplicates and redrives.

    return                        done: the message is deleted
    raise Retry("why", after=30)  again in 30 s; uses up one attempt
    raise Reject("why")           never again: to the dead-letter queue, with this reason
    any other exception           again with back-off; after the last attempt like Reject
"""

import logging

from messaging import Message, Reject
from orders_fifo.events import OrderPlaced

log = logging.getLogger(__name__)


def order_placed(message: Message[OrderPlaced]) -> None:
    """Handles order.placed. A sample: put your own in place of both statements."""
    if message.data.total_cents <= 0:
        raise Reject("the amount is not positive")
    log.info("order.placed %s", message.id)
