"""The envelope: what is written is what CloudEvents 1.0 says, and any such event is read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from messaging import InvalidEvent
from messaging.cloudevents import decode, encode, next_hop, trace
from messaging.message import Draft

from .kit import Placed, event

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def body(**fields: Any) -> str:
    event = {"specversion": "1.0", "id": "1", "type": "t", "source": "/s", "data": {}}
    return json.dumps(event | fields)


def test_an_event_is_structured_json_with_routing_attributes() -> None:
    made = encode(Draft(Placed(order="o-1", number=2)), "/orders")
    event = json.loads(made.body)
    assert abs(datetime.now(UTC) - datetime.fromisoformat(event.pop("time"))) < timedelta(minutes=1)
    assert event == {
        "specversion": "1.0",
        "id": made.id,
        "source": "/orders",
        "type": "order.placed",
        "datacontenttype": "application/json",
        "partitionkey": "o-1",
        "data": {"order": "o-1", "number": 2},
    }
    assert made.attributes == {
        "ce_type": "order.placed",
        "ce_source": "/orders",
        "ce_id": made.id,
        "content-type": "application/cloudevents+json",
        "traceparent": made.attributes["traceparent"],
    }
    assert made.group == "o-1"


def test_the_body_is_ascii_whatever_the_data_holds() -> None:
    made = event(Placed(order="Zürich \x00 \ud800 🎉"))
    assert made.body.isascii()
    assert made.body.isprintable()
    assert decode(made.body, {})[0]["data"] == {"order": "Zürich \x00 \ud800 🎉", "number": 0}


def test_a_number_that_json_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="JSON"):
        event(Placed(order="x", number=float("nan")))  # type: ignore[arg-type]


def test_size_counts_the_body_and_names_types_and_values() -> None:
    made = event(Placed(order="x"))._replace(attributes={"ab": "ü"})
    assert made.size() == len(made.body) + len("ab") + len("String") + 2


def test_what_was_written_is_read() -> None:
    made = event(Placed(order="o-1", number=2))
    fields, traceparent = decode(made.body, made.attributes)
    assert fields.pop("time").tzinfo == UTC
    assert fields == {
        "id": made.id,
        "type": "order.placed",
        "source": "/test",
        "key": "o-1",
        "data": {"order": "o-1", "number": 2},
        "correlation_id": None,
    }
    assert traceparent == made.attributes["traceparent"]


def test_an_event_inside_an_sns_notification_is_read_with_its_trace() -> None:
    made = event(Placed(order="o-1"))
    wrapped = {
        "Type": "Notification",
        "MessageId": "x",
        "TopicArn": "arn:aws:sns:eu-west-1:1:orders",
        "Message": made.body,
        "MessageAttributes": {"traceparent": {"Type": "String", "Value": PARENT}},
    }
    fields, traceparent = decode(json.dumps(wrapped), {})
    assert (fields["id"], traceparent) == (made.id, PARENT)
    for broken in (None, [], {"traceparent": 5}, {"traceparent": {}}):
        fields, traceparent = decode(json.dumps(wrapped | {"MessageAttributes": broken}), {})
        assert (fields["id"], traceparent) == (made.id, None)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00.5+01:00", None),
    ],
)
def test_time_is_read(text: str, time: datetime | None) -> None:
    zone = timezone(timedelta(hours=1))
    expected = time or datetime(2026, 11, 23, 10, 0, 0, 500_000, tzinfo=zone)
    assert decode(body(time=text), {})[0]["time"] == expected


@pytest.mark.parametrize("name", ["time", "partitionkey", "correlationid"])
def test_an_optional_attribute_may_be_absent_but_not_odd(name: str) -> None:
    decode(body(), {})
    for odd in (5, "", [], {}):
        with pytest.raises(InvalidEvent, match=name):
            decode(body(**{name: odd}), {})


def test_each_hop_has_a_new_span_in_the_same_trace() -> None:
    token = trace.set(PARENT)
    try:
        hops = {next_hop(), next_hop()}
    finally:
        trace.reset(token)
    assert len(hops) == 2
    for hop in hops:
        assert re.fullmatch("00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00", hop)


@pytest.mark.parametrize("broken", [None, "", "junk", f"00-{'0' * 32}-b7ad6b7169203331-01"])
def test_without_a_valid_parent_a_trace_starts(broken: str | None) -> None:
    token = trace.set(broken)
    try:
        hop = next_hop()
    finally:
        trace.reset(token)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", hop)
    assert "0" * 32 not in hop
