"""SQS: queues and their three policies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from mqscaffold.sandbox.aws.documents import (
    QUEUE,
    check_policy,
    check_redrive,
    check_redrive_allow,
)
from mqscaffold.sandbox.aws.kind import (
    Aws,
    GoneError,
    Kind,
    Refusal,
    Refusals,
    as_text,
    attributes,
    known,
    matches,
    number,
    one_of,
)
from mqscaffold.sandbox.wire import Props

ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "maxMessageSize": "MaximumMessageSize",
    "delaySeconds": "DelaySeconds",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "policy": "Policy",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "fifoQueue": "FifoQueue",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
}
_FIFO_ONLY = ("contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit")
_RANGES = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    "visibilityTimeoutSeconds": (0, 43_200),
    "messageRetentionSeconds": (60, 1_209_600),
    "maxMessageSize": (1024, 1_048_576),
    "delaySeconds": (0, 900),
    "receiveWaitTimeSeconds": (0, 20),
    "kmsDataKeyReusePeriodSeconds": (60, 86_400),
}


def queue_attributes(aws: Aws, url: str) -> dict[str, str]:
    """All attributes of a queue.  Raises GoneError."""
    sqs = aws.client("sqs")
    try:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    except sqs.exceptions.QueueDoesNotExist:
        raise GoneError(url) from None


class Queue(Kind):
    token = "aws:sqs/queue:Queue"
    name = "name"
    tagged = True
    reads = frozenset(ATTRIBUTES) | {"name", "tags"}
    unproven: ClassVar = {
        "region": "one region is emulated",
        "namePrefix": "use the name Pulumi gives",
    }
    defaults: ClassVar = {
        "delaySeconds": 0,
        "maxMessageSize": 262_144,
        "messageRetentionSeconds": 345_600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
        "fifoQueue": False,
        "contentBasedDeduplication": False,
    }
    computed = ("url", "arn")
    replaces = frozenset(["name", "fifoQueue", "region"])
    elsewhere = frozenset(["policy", "redrivePolicy", "redriveAllowPolicy"])

    def suffix(self, props: Props) -> str:
        return ".fifo" if props.get("fifoQueue") is True else ""

    def check(self, props: Props) -> Refusals:
        fifo = props.get("fifoQueue") is True
        end = r"\.fifo" if fifo else ""
        yield from matches(
            props,
            "name",
            rf"[0-9A-Za-z_-]{{1,{75 if fifo else 80}}}{end}",
            "can only include alphanumeric characters, hyphens and underscores, 1 to 80 in length"
            + (", and must end with .fifo" if fifo else ""),
        )
        for name, (low, high) in _RANGES.items():
            yield from number(props, name, low, high)
        if not fifo:
            for name in _FIFO_ONLY:
                if known(props, name):
                    yield Refusal(name, "can only be set for a FIFO queue")
        yield from one_of(props, "deduplicationScope", ("queue", "messageGroup"))
        yield from one_of(props, "fifoThroughputLimit", ("perQueue", "perMessageGroupId"))
        if (
            known(props, "fifoThroughputLimit") == "perMessageGroupId"
            and known(props, "deduplicationScope") != "messageGroup"
        ):
            yield Refusal(
                "fifoThroughputLimit",
                "perMessageGroupId is allowed only when deduplicationScope is messageGroup",
            )
        if known(props, "kmsMasterKeyId") and props.get("sqsManagedSseEnabled") is True:
            yield Refusal("sqsManagedSseEnabled", "conflicts with kmsMasterKeyId: choose one")
        yield from check_policy(props, "policy", QUEUE)
        yield from check_redrive(props, "redrivePolicy", fifo, counted=True)
        yield from check_redrive_allow(props, "redriveAllowPolicy")

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        given = attributes(props, ATTRIBUTES)
        if given.get("FifoQueue") == "false":
            # AWS takes these two for a FIFO queue only.
            del given["FifoQueue"]
            given.pop("ContentBasedDeduplication", None)
        tags = aws.all_tags(props)
        url = aws.client("sqs").create_queue(QueueName=props["name"], Attributes=given, tags=tags)[
            "QueueUrl"
        ]
        arn = queue_attributes(aws, url)["QueueArn"]
        return url, {"url": url, "arn": arn, "region": aws.region}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        live = queue_attributes(aws, id_)
        name = live["QueueArn"].rsplit(":", 1)[1]
        found: Props = {**self.defaults, "name": name, "fifoQueue": name.endswith(".fifo")}
        for prop, attribute in ATTRIBUTES.items():
            text = live.get(attribute)
            if text is not None:
                found[prop] = int(text) if prop in _RANGES else _boolean(text)
        return {**found, "url": id_, "arn": live["QueueArn"], "region": aws.region}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        given = attributes(new, ATTRIBUTES, changed)
        for prop in changed:
            if prop in ATTRIBUTES and new.get(prop) is None:
                given[ATTRIBUTES[prop]] = ""
        if given:
            aws.client("sqs").set_queue_attributes(QueueUrl=id_, Attributes=given)
        if "tags" in changed:
            aws.client("sqs").tag_queue(QueueUrl=id_, Tags=aws.all_tags(new))

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("sqs").delete_queue(QueueUrl=id_)


def _boolean(text: str) -> Any:
    return text == "true" if text in ("true", "false") else text


class _QueueDocument(Kind):
    """A queue attribute that is a resource of its own."""

    prop: ClassVar[str]
    attribute: ClassVar[str]
    unproven: ClassVar[Mapping[str, str]] = {"region": "one region is emulated"}
    replaces = frozenset(["queueUrl", "region"])

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        self.update(aws, props["queueUrl"], props, [self.prop])
        return props["queueUrl"], {"region": aws.region}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        live = queue_attributes(aws, id_)
        if not live.get(self.attribute):
            raise GoneError(id_)
        return {"queueUrl": id_, self.prop: live[self.attribute], "region": aws.region}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        aws.client("sqs").set_queue_attributes(
            QueueUrl=id_, Attributes={self.attribute: as_text(new[self.prop])}
        )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=id_, Attributes={self.attribute: ""})


class QueuePolicy(_QueueDocument):
    token = "aws:sqs/queuePolicy:QueuePolicy"
    reads = frozenset(["queueUrl", "policy"])
    prop, attribute = "policy", "Policy"

    def check(self, props: Props) -> Refusals:
        return check_policy(props, "policy", QUEUE)


class RedrivePolicy(_QueueDocument):
    token = "aws:sqs/redrivePolicy:RedrivePolicy"
    reads = frozenset(["queueUrl", "redrivePolicy"])
    prop, attribute = "redrivePolicy", "RedrivePolicy"

    def check(self, props: Props) -> Refusals:
        url = known(props, "queueUrl")
        fifo = None if url is None else str(url).endswith(".fifo")
        return check_redrive(props, "redrivePolicy", fifo, counted=True)


class RedriveAllowPolicy(_QueueDocument):
    token = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    reads = frozenset(["queueUrl", "redriveAllowPolicy"])
    prop, attribute = "redriveAllowPolicy", "RedriveAllowPolicy"

    def check(self, props: Props) -> Refusals:
        return check_redrive_allow(props, "redriveAllowPolicy")
