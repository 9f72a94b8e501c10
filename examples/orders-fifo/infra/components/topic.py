"""An SNS topic that its owner's producers publish to and that queues subscribe to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .alarms import TOPIC_ALARMS, topic_alarm
from .documents import (
    TOPIC_ACTIONS,
    Statement,
    account_id,
    allow,
    deny_outsiders,
    deny_plaintext,
    document,
    key_use,
)
from .keys import customer_key
from .sqs import message_bytes


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    fifo: bool = False
    """Order by key, and no duplicates within 5 minutes. Its queues must be FIFO too."""
    large_messages: bool = False
    """Messages up to 1 MiB instead of 256 KiB; then at most 100 subscriptions, queues only.
    https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""
    cmk: bool = False
    """A customer key of its own. SNS has no encryption at rest without one."""
    keep: bool = False
    """Protect the topic and its key, and leave them in the account on destroy."""
    org_id: str | None = None
    """Accounts of this organisation may subscribe queues, such as "o-a1b2c3d4e5"."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """Where alarms go. None: no alarms."""


class Topic(pulumi.ComponentResource):
    """The topic, its policy (TLS only, own account or organisation only), key and alarms."""

    arn: pulumi.Output[str]
    publish_policy: pulumi.Output[str]
    """For a producer's role: publish, and read the topic's size limit."""

    def __init__(
        self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:Topic", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = None
        if args.cmk:  # producers are granted the key by their own IAM policy, below
            key = customer_key(
                f"{name}-key", f"Messages in topic {name}", [], keep=args.keep, parent=self
            )
        key_arn = None if key is None else key.arn
        topic = aws.sns.Topic(
            name,
            fifo_topic=True if args.fifo else None,
            content_based_deduplication=False if args.fifo else None,
            fifo_throughput_scope="MessageGroup" if args.fifo else None,
            # SHA-256 instead of SHA-1; standard topics only
            signature_version=None if args.fifo else 2,
            maximum_message_size=message_bytes(args.large_messages),
            kms_master_key_id=key_arn,
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.keep or None, retain_on_delete=args.keep or None
            ),
        )
        statements = [
            deny_plaintext(TOPIC_ACTIONS, topic.arn),
            deny_outsiders(TOPIC_ACTIONS, topic.arn, account_id(self), args.org_id),
        ]
        if args.org_id is not None:
            statements.append(_subscribe_from(args.org_id, topic.arn))
        aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=document(statements), opts=child
        )
        if args.alarm_topic_arn is not None:
            for suffix, alarm in TOPIC_ALARMS.items():
                topic_alarm(f"{name}-{suffix}", alarm, topic.name, args.alarm_topic_arn, self)

        self.arn = topic.arn
        publish = allow("Publish", ("sns:Publish", "sns:GetTopicAttributes"), topic.arn)
        self.publish_policy = document([publish, *key_use(key_arn, "UseTopicKey")])
        self.register_outputs({"arn": self.arn, "publishPolicy": self.publish_policy})


def _subscribe_from(org_id: str, topic_arn: pulumi.Input[str]) -> Statement:
    """An organisation is no principal, so a condition names it. Queues only: no mail, no HTTP."""
    return {
        "Sid": "SubscribeFromOrganisation",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sns:Subscribe",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": org_id, "sns:Protocol": "sqs"}},
    }
