"""What became of the messages of one run: read from handler records and dead-letter queues."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mqscaffold.sandbox.deployment import Deployment
from mqscaffold.sandbox.traffic import UNROUTED_TYPE, Plan, passes
from mqscaffold.sandbox.wire import Props, plain

QUEUE = "aws:sqs/queue:Queue"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


@dataclass(frozen=True)
class Run:
    """One call of one handler."""

    id: str
    attempt: int
    outcome: str
    """`handled`, or the name of the exception."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up on, and why.  No reason: the broker moved it, not the stub."""

    id: str
    type: str
    reason: str


@dataclass(frozen=True)
class Expected:
    """What one consumer should see of a plan."""

    handled: int
    dead: int

    @property
    def total(self) -> int:
        return self.handled + self.dead


@dataclass(frozen=True)
class Delivery:
    """The account of one consumer.  `expected` is None where a filter hides what should arrive."""

    flow: str
    consumer: str
    expected: Expected | None
    handled: int
    runs: int
    dead: tuple[DeadLetter, ...]
    undelivered: int
    waiting: int
    """Still in the queue at the end."""
    filtered: bool
    refused: str = ""
    """Why the operator could not read the dead letters, if so."""

    @property
    def lost(self) -> int:
        """Messages that were sent to this consumer and are nowhere."""
        if self.expected is None:
            return 0
        seen = self.handled + len(self.dead) + self.undelivered + self.waiting
        return max(0, self.expected.total - seen)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as promised, one sentence each."""
        found = [f"the operator cannot read the dead letters: {self.refused}"] * bool(self.refused)
        if self.lost:
            found.append(f"{self.lost} lost")
        if self.waiting:
            found.append(f"{self.waiting} still in the queue")
        if self.undelivered:
            found.append(f"{self.undelivered} not delivered to the queue")
        if self.expected is not None and len(self.dead) != self.expected.dead:
            found.append(f"{len(self.dead)} dead-lettered instead of {self.expected.dead}")
        if any(not letter.reason for letter in self.dead):
            found.append("a dead letter without a reason")
        if self.expected is not None and self.handled > self.expected.handled:
            found.append(f"{self.handled} handled instead of {self.expected.handled}")
        return tuple(f"{self.consumer}: {problem}" for problem in found)


def read_runs(record: Path) -> list[Run]:
    """The handler runs in a record; a last line that is still being written is left out."""
    if not record.exists():
        return []
    runs: list[Run] = []
    for line in record.read_text(encoding="utf-8").split("\n")[:-1]:
        entry = json.loads(line)
        if "outcome" in entry:
            runs.append(Run(entry["id"], entry["attempt"], entry["outcome"]))
    return runs


def gives_in(record: Path, consumer: str) -> bool | None:
    """Whether the consumer retries a failing message until it succeeds, as its driver says when it
    starts; None while it has not said so."""
    first, end, _ = (
        record.read_text(encoding="utf-8").partition("\n") if record.exists() else [""] * 3
    )
    return consumer in json.loads(first)["gives_in"] if end else None


def handled_ids(runs: Iterable[Run]) -> set[str]:
    """The messages that a handler has finished at least once."""
    return {run.id for run in runs if run.outcome == "handled"}


def filter_of(deployment: Deployment, queue_url: str) -> tuple[Any, str]:
    """(filter policy, scope) of the subscription that fills this queue; (None, "") without one."""
    queue = next(
        (r for r in deployment.resources.values() if r.type == QUEUE and r.id == queue_url), None
    )
    if queue is None:
        return None, ""
    for resource in deployment.resources.values():
        if (
            resource.type == SUBSCRIPTION
            and resource.inputs.get("endpoint") == queue.outputs["arn"]
        ):
            inputs: Props = plain(resource.inputs)
            policy = inputs.get("filterPolicy")
            scope = str(inputs.get("filterPolicyScope") or "MessageAttributes")
            return (json.loads(policy) if isinstance(policy, str) else policy), scope
    return None, ""


def expect(sent: Plan, filter_policy: Any, scope: str, *, gives_in: bool) -> Expected | None:
    """What a consumer behind this filter should see; None if the filter cannot be evaluated.

    With `gives_in` a failing message is retried until it succeeds, so poison ends up handled.
    """
    verdicts = {
        type_: passes(filter_policy, scope, type_) for type_ in (*sent.types, UNROUTED_TYPE)
    }
    if None in verdicts.values():
        return None
    good = sum(sent.count(t, poison=False) for t in sent.types if verdicts[t])
    poison = sum(sent.count(t, poison=True) for t in sent.types if verdicts[t])
    rejected = sent.rejected if verdicts[UNROUTED_TYPE] else 0
    if gives_in:
        return Expected(good + poison, rejected)
    return Expected(good, poison + rejected)


def read_letters(sqs: Any, url: str) -> tuple[DeadLetter, ...]:
    """All messages of a dead-letter queue, left there.  `sqs` is a boto3 client.

    Each is hidden for a moment, so that one pass sees each once.
    """
    found: dict[str, DeadLetter] = {}
    empty = 0
    while empty < 2:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=10,
            WaitTimeSeconds=0,
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        empty = 0 if messages else empty + 1
        for message in messages:
            found[message["MessageId"]] = letter(
                message["Body"], message.get("MessageAttributes") or {}
            )
    return tuple(found.values())


def letter(body: str, attributes: Mapping[str, Mapping[str, str]]) -> DeadLetter:
    """A dead letter as it is in the queue: the event, and the stub's fields beside it."""
    fields = {name: value.get("StringValue", "") for name, value in attributes.items()}
    if "mq-dead-letter" in fields:  # all fields in one attribute, because a message has ten
        fields |= {k: str(v) for k, v in json.loads(fields["mq-dead-letter"]).items()}
    try:
        parsed: Any = json.loads(body)
    except ValueError:
        parsed = None
    event = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    kind, text = fields.get("mq-error-type", ""), fields.get("mq-error-message", "")
    reason = f"{kind}: {text}" if kind and text else kind or text
    return DeadLetter(
        str(event.get("id") or fields.get("mq-original-id") or ""),
        str(event.get("type") or ""),
        reason,
    )


def depth(sqs: Any, url: str) -> int:
    """Messages in a queue, hidden ones among them."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(got.get(name, 0)) for name in names)
