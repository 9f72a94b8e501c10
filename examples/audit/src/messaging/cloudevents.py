"""CloudEvents 1.0 in structured JSON mode, and the W3C trace context that travels beside them.

There is no official binding for SQS and SNS. Ours: the event is the body; ce_type, ce_source,
ce_id, content-type and traceparent are attributes, for filters and for tools that read no bodies.
"""

import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from messaging.message import Draft, InvalidEvent

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

# The traceparent of the message being handled: what its handler sends continues that trace.
trace: ContextVar[str | None] = ContextVar("traceparent", default=None)


class Received(NamedTuple):
    """A message as a broker handed it over. Those of one `group` are handled one by one, in
    order. `attempt` is the broker's count, `first_seen` an ISO 8601 time."""

    receipt: str
    id: str
    body: str
    attributes: Mapping[str, str]
    attempt: int
    group: str | None
    first_seen: str


class Outgoing(NamedTuple):
    """An encoded event. Brokers that keep order keep it inside a `group`."""

    id: str
    body: str  # ASCII: one character is one byte
    attributes: Mapping[str, str]
    group: str | None

    def size(self) -> int:
        """Bytes that count against a limit: the body, and attribute names, types and values."""
        attributes = (f"{name}String{value}" for name, value in self.attributes.items())
        return len(self.body) + sum(len(attribute.encode()) for attribute in attributes)


def next_hop() -> str:
    """A traceparent with a new span, in the trace of the message being handled or in a new one."""
    parent = TRACEPARENT.fullmatch(trace.get() or "")
    trace_id, flags = parent.groups() if parent else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


def encode(draft: Draft, source: str, id: str | None = None) -> Outgoing:
    """An event as a message, under a fresh id unless one is given."""
    event, id, type = draft.event, id or str(uuid4()), draft.event.TYPE
    key = event.key if draft.key is None else draft.key
    body = {"specversion": "1.0", "id": id, "source": source, "type": type}
    body["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    body["datacontenttype"] = "application/json"
    extensions = {"partitionkey": key, "correlationid": draft.correlation_id}
    body |= {name: value for name, value in extensions.items() if value is not None}
    text = json.dumps({**body, "data": event.to_json()}, separators=(",", ":"), allow_nan=False)
    attributes = {"ce_type": type, "ce_source": source, "ce_id": id}
    attributes |= {"content-type": "application/cloudevents+json", "traceparent": next_hop()}
    return Outgoing(id, text, attributes, key)


def decode(body: str, attributes: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """The fields of the Message in a body, raw or inside an SNS notification, and its traceparent.
    The data is not checked yet. Raises InvalidEvent for anything that is not a CloudEvent."""
    event = _object(body)
    if event.get("Type") == "Notification" and isinstance(event.get("Message"), str):
        carried: Any = event.get("MessageAttributes")
        with suppress(LookupError, TypeError):
            attributes = {"traceparent": str(carried["traceparent"]["Value"])}
        event = _object(event["Message"])
    if event.get("specversion") != "1.0":
        raise InvalidEvent("not a CloudEvent 1.0: specversion")
    if "json" not in str(event.get("datacontenttype", "json")):
        raise InvalidEvent("the event's data is not JSON: datacontenttype")
    for name in ("id", "type", "source", "time", "partitionkey", "correlationid"):
        value = event.get(name, "" if name in ("id", "type", "source") else None)
        if value is not None and (not isinstance(value, str) or not value):
            raise InvalidEvent(f"not a CloudEvent 1.0: {name}")
    try:
        time = datetime.fromisoformat(event["time"]) if event.get("time") else None
    except ValueError:
        raise InvalidEvent("not a CloudEvent 1.0: time") from None
    fields = {name: event.get(name) for name in ("id", "type", "source", "data")}
    fields |= {"correlation_id": event.get("correlationid"), "key": event.get("partitionkey")}
    return fields | {"time": time}, attributes.get("traceparent")


def _object(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text).items())
    except (ValueError, AttributeError, RecursionError):
        raise InvalidEvent("not a JSON object") from None
