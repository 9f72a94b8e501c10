"""One subscriber of a topic: a queue of its own, so that a slow consumer delays nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .alarms import UNDELIVERED, UNREADABLE, queue_alarm, topic_alarm
from .queue import Queue, QueueArgs
from .sqs import make_queue, make_queue_policy, redrive_document

FILTER_SCOPES = {"attributes": "MessageAttributes", "body": "MessageBody"}


@dataclass(frozen=True, kw_only=True)
class SubscriberArgs:
    topic_arn: pulumi.Input[str]
    """The topic, of this project or another one, of this account or another one."""
    filter_policy: Mapping[str, Any] | None = None
    """What this subscriber wants, such as {"ce_type": ["order.placed"]}. None: everything.
    A change can take 15 minutes to settle.
    https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html"""
    filter_scope: str = "attributes"
    """What the filter reads: "attributes" or "body"."""
    fifo: bool = False
    """Order by key; the topic must be FIFO too. Cannot be changed later."""
    large_messages: bool = False
    """Messages up to 1 MiB instead of 256 KiB; the topic must allow them too."""
    cmk: bool = False
    """A customer key for these queues instead of SQS's own."""
    keep: bool = False
    """Protect the queues and their key, and leave them in the account on destroy."""
    visibility_timeout_seconds: int = 60
    """The lease: how long after a crash a message that was taken comes back. 0 to 43,200."""
    wait_time_seconds: int = 20
    """How long a receive waits for a message. 0 to 20."""
    retention_seconds: int = 345_600
    """How long a message waits for a consumer. 60 to 1,209,600 (14 days)."""
    dlq_retention_seconds: int = 1_209_600
    """How long a dead letter or an undelivered message is kept."""
    delay_seconds: int = 0
    """How long each message is held back before anyone can receive it. 0 to 900."""
    max_receive_count: int = 9
    """Receives before SQS moves a message to the dead-letter queue by itself. 1 to 1,000."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """Where alarms go. None: no alarms."""


class Subscriber(pulumi.ComponentResource):
    """The queue with its dead-letter queue, the subscription, and the undelivered queue."""

    queue_url: pulumi.Output[str]
    dlq_url: pulumi.Output[str]
    undelivered_url: pulumi.Output[str]
    """What SNS could not hand over, for example because a key or policy was wrong."""
    consume_policy: pulumi.Output[str]
    """For the consumer's role: take messages, send to the dead-letter queue, nothing more."""
    redrive_policy: pulumi.Output[str]
    """For an operator's role: look at what failed, send it back, purge it."""

    def __init__(
        self, name: str, args: SubscriberArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:Subscriber", name, None, opts)
        if args.filter_scope not in FILTER_SCOPES:
            raise ValueError(f'filter_scope is "attributes" or "body", not "{args.filter_scope}"')
        queue = Queue(
            name,
            QueueArgs(
                fifo=args.fifo,
                large_messages=args.large_messages,
                cmk=args.cmk,
                keep=args.keep,
                visibility_timeout_seconds=args.visibility_timeout_seconds,
                wait_time_seconds=args.wait_time_seconds,
                retention_seconds=args.retention_seconds,
                dlq_retention_seconds=args.dlq_retention_seconds,
                delay_seconds=args.delay_seconds,
                max_receive_count=args.max_receive_count,
                topic_arn=args.topic_arn,
                alarm_topic_arn=args.alarm_topic_arn,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        undelivered = make_queue(
            f"{name}-undelivered",
            fifo=args.fifo,
            large_messages=args.large_messages,
            retention_seconds=args.dlq_retention_seconds,
            key_arn=queue.key_arn,
            keep=args.keep,
            parent=self,
        )
        policy = make_queue_policy(f"{name}-undelivered-policy", undelivered, args.topic_arn, self)
        wanted = args.filter_policy
        aws.sns.TopicSubscription(
            f"{name}-subscription",
            topic=args.topic_arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=True,  # the event as it was published, not wrapped in JSON
            filter_policy=None if wanted is None else pulumi.Output.json_dumps(wanted),
            filter_policy_scope=None if wanted is None else FILTER_SCOPES[args.filter_scope],
            redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": undelivered.arn}),
            # SNS delivers from the first second; without the policies it would be refused.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*queue.policies, policy]),
        )
        if args.alarm_topic_arn is not None:
            alarm_name = f"{name}-undelivered-depth"
            queue_alarm(alarm_name, UNDELIVERED, undelivered, args.alarm_topic_arn, self)
            if wanted is not None:
                topic_name = pulumi.Output.from_input(args.topic_arn).apply(last_field)
                alarm = UNREADABLE[args.filter_scope]
                topic_alarm(f"{name}-unreadable", alarm, topic_name, args.alarm_topic_arn, self)

        self.queue_url, self.dlq_url = queue.url, queue.dlq_url
        self.undelivered_url = undelivered.url
        self.consume_policy = queue.consume_policy
        self.redrive_policy = redrive_document(
            [queue.dlq_arn, undelivered.arn], queue.arn, queue.key_arn
        )
        self.register_outputs(
            {
                "queueUrl": self.queue_url,
                "dlqUrl": self.dlq_url,
                "undeliveredUrl": self.undelivered_url,
                "consumePolicy": self.consume_policy,
                "redrivePolicy": self.redrive_policy,
            }
        )


def last_field(arn: str) -> str:
    """The name in the ARN of a topic."""
    return arn.rpartition(":")[2]
