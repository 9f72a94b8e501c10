"""The messages of one run: good ones, one poison of each event type, one that must be rejected."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from botocore.config import Config

from mqscaffold.errors import UserError
from mqscaffold.sandbox.project import Flow

POISON_KEY = "mqscaffold-poison"
UNROUTED_TYPE = "mqscaffold.try.unrouted"
SOURCE = "/mqscaffold/try"


@dataclass(frozen=True)
class Batch:
    """Events of one type, sent `count` times."""

    event: Mapping[str, Any]
    """`{"type": …, "key": …, "data": …}`"""
    count: int
    poison: bool = False

    @property
    def type(self) -> str:
        return str(self.event["type"])


@dataclass(frozen=True)
class Plan:
    """What one flow is sent; with it goes one event of a type that has no route."""

    flow: str
    batches: tuple[Batch, ...]
    rejected: int = 1

    @property
    def total(self) -> int:
        return self.rejected + sum(batch.count for batch in self.batches)

    def count(self, type_: str, *, poison: bool) -> int:
        """How many events of one type are (or are not) poison."""
        return sum(b.count for b in self.batches if b.type == type_ and b.poison == poison)

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(batch.type for batch in self.batches))


def plan(flow: Flow, count: int) -> Plan:
    """Shares `count` messages out: one rejected, one poison of each type, the rest good.

    Raises:
        UserError: an example is missing or broken, or there are too few messages to share out.
    """
    examples = [read_example(path) for path in flow.examples]
    if not examples:
        raise UserError(
            f"flow {flow.name} has no example events to send",
            where=f"schemas/{flow.name}/examples",
            command='add one file for each event type: {"type": …, "key": …, "data": {…}}',
        )
    good = count - 1 - len(examples)
    if good < len(examples):
        raise UserError(
            f"{count} messages are too few for {len(examples)} event types",
            near=str(2 * len(examples) + 1),
        )
    batches: list[Batch] = []
    for number, example in enumerate(examples):
        share = good // len(examples) + (number < good % len(examples))
        batches += [Batch(example, share), Batch(poisoned(example), 1, poison=True)]
    return Plan(flow.name, tuple(batches))


def read_example(path: Path) -> dict[str, Any]:
    """One example event.  Raises UserError."""
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the example event: {error}", where=str(path)) from None
    if not isinstance(value, dict) or not isinstance(
        cast("dict[str, Any]", value).get("type"), str
    ):
        raise UserError("an example event needs a type and data", where=str(path))
    return cast("dict[str, Any]", value)


def poisoned(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with the poison key, also where its data repeats the key."""
    old = event.get("key")

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: renamed(v) for k, v in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [renamed(item) for item in cast("list[Any]", value)]
        return POISON_KEY if old is not None and value == old else value

    return {**event, "key": POISON_KEY, "data": renamed(event.get("data"))}


def unrouted() -> dict[str, Any]:
    """An event of a type that no consumer has a route for."""
    return {"type": UNROUTED_TYPE, "key": "mqscaffold-unrouted", "data": {}}


def publish_raw(
    session: Any, url: str, destination: str, event: Mapping[str, Any], *, fifo: bool
) -> str:
    """Sends one event past the emitted producer, in the same envelope; returns its id.

    Args:
        session: a boto3 session with the sender's credentials.
        url: the sandbox's AWS API.
        destination: the ARN of a topic or the URL of a queue.
    """
    id_ = str(uuid.uuid4())
    body = json.dumps(
        {
            "specversion": "1.0",
            "id": id_,
            "source": SOURCE,
            "type": event["type"],
            "datacontenttype": "application/json",
            **({"partitionkey": event["key"]} if event.get("key") else {}),
            "data": event.get("data"),
        }
    )
    texts = {
        "ce_type": str(event["type"]),
        "ce_source": SOURCE,
        "ce_id": id_,
        "content-type": "application/cloudevents+json",
    }
    attributes = {k: {"DataType": "String", "StringValue": v} for k, v in texts.items()}
    group = str(event.get("key") or id_)
    order = {"MessageGroupId": group, "MessageDeduplicationId": id_} if fifo else {}
    config = Config(proxies={})
    if destination.startswith("arn:"):
        session.client("sns", endpoint_url=url, config=config).publish(
            TopicArn=destination, Message=body, MessageAttributes=attributes, **order
        )
    else:
        session.client("sqs", endpoint_url=url, config=config).send_message(
            QueueUrl=destination, MessageBody=body, MessageAttributes=attributes, **order
        )
    return id_


def passes(filter_policy: Any, scope: str, type_: str) -> bool | None:
    """Whether an event of this type gets through a subscription's filter.

    None: the filter looks at something else than the event type, or in a way not known here, so
    the sandbox cannot say what should arrive.
    """
    if not filter_policy:
        return True
    key = "type" if scope == "MessageBody" else "ce_type"
    if set(filter_policy) != {key} or not isinstance(filter_policy[key], list):
        return None
    verdicts = [_matches(rule, type_) for rule in cast("list[Any]", filter_policy[key])]
    if any(verdicts):
        return True
    return None if None in verdicts else False


def _matches(rule: Any, type_: str) -> bool | None:
    if isinstance(rule, str):
        return rule == type_
    if isinstance(rule, dict) and len(cast("dict[str, Any]", rule)) == 1:
        operator, operand = next(iter(cast("dict[str, Any]", rule).items()))
        if operator == "prefix":
            return type_.startswith(str(operand))
        if operator == "suffix":
            return type_.endswith(str(operand))
        if operator == "exists":
            return bool(operand)
    return None
