"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from mqscaffold.sandbox.aws.documents import TOPIC, check_filter, check_policy, check_redrive
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
    parse_object,
)
from mqscaffold.sandbox.wire import Props

TOPIC_ATTRIBUTES = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "fifoTopic": "FifoTopic",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "fifoThroughputScope": "FifoThroughputScope",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    "maximumMessageSize": "MaximumMessageSize",
}
SUBSCRIPTION_ATTRIBUTES = {
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "deliveryPolicy": "DeliveryPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
_FEEDBACK = {
    f"{protocol}{outcome}": "delivery-status logs are not emulated"
    for protocol in ("application", "firehose", "http", "lambda", "sqs")
    for outcome in (
        "FailureFeedbackRoleArn",
        "SuccessFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
    )
}
_PROTOCOLS = [
    "application",
    "email",
    "email-json",
    "firehose",
    "http",
    "https",
    "lambda",
    "sms",
    "sqs",
]


def _is_fifo(arn: Any) -> bool | None:
    return None if arn is None else str(arn).endswith(".fifo")


class Topic(Kind):
    token = "aws:sns/topic:Topic"
    name = "name"
    tagged = True
    reads = frozenset(TOPIC_ATTRIBUTES) | {"name", "tags"}
    unproven: ClassVar = {
        "region": "one region is emulated",
        "namePrefix": "use the name Pulumi gives",
        "archivePolicy": "archive and replay are not emulated",
        **_FEEDBACK,
    }
    defaults: ClassVar = {"fifoTopic": False, "contentBasedDeduplication": False}
    computed = ("arn", "owner", "beginningArchiveTime")
    replaces = frozenset(["name", "fifoTopic", "region"])
    elsewhere = frozenset(["policy"])

    def suffix(self, props: Props) -> str:
        return ".fifo" if props.get("fifoTopic") is True else ""

    def check(self, props: Props) -> Refusals:
        fifo = props.get("fifoTopic") is True
        yield from matches(
            props,
            "name",
            r"[0-9A-Za-z_-]{1,251}\.fifo" if fifo else r"[0-9A-Za-z_-]{1,256}",
            "must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, "
            "and hyphens, and must be between 1 and 256 characters long"
            + (", and must end with .fifo" if fifo else ""),
        )
        if not fifo:
            for name in ("contentBasedDeduplication", "fifoThroughputScope", "archivePolicy"):
                if known(props, name):
                    yield Refusal(name, "can only be set for a FIFO topic")
        yield from one_of(props, "fifoThroughputScope", ("Topic", "MessageGroup"))
        yield from one_of(props, "tracingConfig", ("Active", "PassThrough"))
        yield from number(props, "signatureVersion", 1, 2)
        # https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
        yield from number(props, "maximumMessageSize", 1024, 1_048_576)
        yield from check_policy(props, "policy", TOPIC)
        bad = parse_object(props, "deliveryPolicy")[1]
        if bad is not None:
            yield bad

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        given = attributes(props, TOPIC_ATTRIBUTES)
        if given.get("FifoTopic") == "false":
            del given["FifoTopic"]
            given.pop("ContentBasedDeduplication", None)
        tags = [{"Key": key, "Value": value} for key, value in aws.all_tags(props).items()]
        arn = aws.client("sns").create_topic(Name=props["name"], Attributes=given, Tags=tags)[
            "TopicArn"
        ]
        return arn, self._outputs(aws, arn)

    @staticmethod
    def _outputs(aws: Aws, arn: str) -> Props:
        return {
            "arn": arn,
            "owner": arn.split(":")[4],
            "region": aws.region,
            "beginningArchiveTime": "",
        }

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        sns = aws.client("sns")
        try:
            live = sns.get_topic_attributes(TopicArn=id_)["Attributes"]
        except sns.exceptions.NotFoundException:
            raise GoneError(id_) from None
        found: Props = {**self.defaults, "name": id_.rsplit(":", 1)[1]}
        for prop, attribute in TOPIC_ATTRIBUTES.items():
            if live.get(attribute):
                found[prop] = _typed(prop, live[attribute])
        return {**found, **self._outputs(aws, id_)}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        for prop in set(changed) & TOPIC_ATTRIBUTES.keys():
            aws.client("sns").set_topic_attributes(
                TopicArn=id_,
                AttributeName=TOPIC_ATTRIBUTES[prop],
                AttributeValue=as_text(new.get(prop, "")),
            )
        if "tags" in changed:
            tags = [{"Key": key, "Value": value} for key, value in aws.all_tags(new).items()]
            aws.client("sns").tag_resource(ResourceArn=id_, Tags=tags)

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("sns").delete_topic(TopicArn=id_)


def _typed(prop: str, text: str) -> Any:
    if prop in ("signatureVersion", "maximumMessageSize"):
        return int(text)
    return text == "true" if text in ("true", "false") else text


class TopicPolicy(Kind):
    token = "aws:sns/topicPolicy:TopicPolicy"
    reads = frozenset(["arn", "policy"])
    unproven: ClassVar = {"region": "one region is emulated"}
    computed = ("owner",)
    replaces = frozenset(["arn", "region"])

    def check(self, props: Props) -> Refusals:
        return check_policy(props, "policy", TOPIC)

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        self.update(aws, props["arn"], props, ["policy"])
        return props["arn"], {"owner": props["arn"].split(":")[4], "region": aws.region}

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        live = Topic().read(aws, id_, old)
        return {"arn": id_, "policy": live.get("policy", ""), "owner": live["owner"]}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        aws.client("sns").set_topic_attributes(
            TopicArn=id_, AttributeName="Policy", AttributeValue=as_text(new["policy"])
        )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("sns").set_topic_attributes(
            TopicArn=id_, AttributeName="Policy", AttributeValue="{}"
        )


class TopicSubscription(Kind):
    token = "aws:sns/topicSubscription:TopicSubscription"
    reads = frozenset(SUBSCRIPTION_ATTRIBUTES) | {"topic", "protocol", "endpoint"}
    unproven: ClassVar = {
        "region": "one region is emulated",
        "confirmationTimeoutInMinutes": "queues need no confirmation",
        "endpointAutoConfirms": "queues need no confirmation",
        "replayPolicy": "archive and replay are not emulated",
    }
    defaults: ClassVar = {
        "rawMessageDelivery": False,
        "confirmationTimeoutInMinutes": 1,
        "endpointAutoConfirms": False,
    }
    computed = ("arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated")
    replaces = frozenset(["topic", "protocol", "endpoint", "region"])

    def check(self, props: Props) -> Refusals:
        topic, endpoint = known(props, "topic"), known(props, "endpoint")
        yield from one_of(props, "protocol", _PROTOCOLS)
        if known(props, "protocol") == "sqs" and endpoint is not None:
            # Between FIFO topics and standard queues the other way round is allowed:
            # https://docs.aws.amazon.com/sns/latest/dg/fifo-message-delivery.html
            if _is_fifo(endpoint) and _is_fifo(topic) is False:
                yield Refusal(
                    "endpoint",
                    "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed "
                    "to standard SNS topics",
                )
        elif endpoint is not None and _is_fifo(topic):
            yield Refusal("protocol", "a FIFO topic delivers to SQS queues only")
        yield from one_of(props, "filterPolicyScope", ("MessageAttributes", "MessageBody"))
        nested = known(props, "filterPolicyScope") == "MessageBody"
        yield from check_filter(props, "filterPolicy", nested=nested)
        # https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
        yield from check_redrive(props, "redrivePolicy", _is_fifo(endpoint), counted=False)
        bad = parse_object(props, "deliveryPolicy")[1]
        if bad is not None:
            yield bad

    def create(self, aws: Aws, props: Props) -> tuple[str, Props]:
        arn = aws.client("sns").subscribe(
            TopicArn=props["topic"],
            Protocol=props["protocol"],
            Endpoint=props["endpoint"],
            Attributes=attributes(props, SUBSCRIPTION_ATTRIBUTES),
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return arn, self._outputs(aws, arn)

    @staticmethod
    def _outputs(aws: Aws, arn: str) -> Props:
        return {
            "arn": arn,
            "ownerId": arn.split(":")[4],
            "pendingConfirmation": False,
            "confirmationWasAuthenticated": True,
            "region": aws.region,
        }

    def read(self, aws: Aws, id_: str, old: Props) -> Props:
        sns = aws.client("sns")
        try:
            live = sns.get_subscription_attributes(SubscriptionArn=id_)["Attributes"]
        except sns.exceptions.NotFoundException:
            raise GoneError(id_) from None
        found: Props = {
            **self.defaults,
            "topic": live["TopicArn"],
            "protocol": live["Protocol"],
            "endpoint": live["Endpoint"],
        }
        for prop, attribute in SUBSCRIPTION_ATTRIBUTES.items():
            if live.get(attribute):
                found[prop] = _typed(prop, live[attribute])
        return {**found, **self._outputs(aws, id_)}

    def update(self, aws: Aws, id_: str, new: Props, changed: Collection[str]) -> None:
        for prop in set(changed) & SUBSCRIPTION_ATTRIBUTES.keys():
            value = new.get(prop)
            aws.client("sns").set_subscription_attributes(
                SubscriptionArn=id_,
                AttributeName=SUBSCRIPTION_ATTRIBUTES[prop],
                AttributeValue="{}" if value is None else as_text(value),
            )

    def delete(self, aws: Aws, id_: str, props: Props) -> None:
        aws.client("sns").unsubscribe(SubscriptionArn=id_)
