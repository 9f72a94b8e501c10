"""The messaging runtime: a copy that belongs to this project."""

from messaging.consumer import Consumer
from messaging.message import InvalidEvent, Message, Reject, Retry, StartError, on
from messaging.process import Stop, run
from messaging.producer import Producer, Undelivered, Unsendable

__all__ = ["Consumer", "InvalidEvent", "Message", "Producer", "Reject", "Retry"]
__all__ += ["StartError", "Stop", "Undelivered", "Unsendable", "on", "run"]
