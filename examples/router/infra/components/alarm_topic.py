"""The topic that alarms are sent to: none, an existing one, or one of the project's own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .documents import (
    TOPIC_ACTIONS,
    Statement,
    account_id,
    deny_outsiders,
    deny_plaintext,
    document,
)
from .keys import customer_key, service_grant


@dataclass(frozen=True, kw_only=True)
class AlarmTopicArgs:
    enabled: bool
    """False: this stack has no alarms."""
    topic_arn: str | None = None
    """An existing topic that CloudWatch may publish to. None: make one."""
    keep: bool = False
    """Protect the topic and its key, and leave them in the account on destroy."""


class AlarmTopic(pulumi.ComponentResource):
    """The topic with its policy and key. Subscribe the team's pager to it by hand, once."""

    topic_arn: pulumi.Output[str] | None
    """None when this stack has no alarms; every component then makes none."""

    def __init__(
        self, name: str, args: AlarmTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:AlarmTopic", name, None, opts)
        if not args.enabled:
            self.topic_arn = None
        elif args.topic_arn is not None:
            self.topic_arn = pulumi.Output.from_input(args.topic_arn)
        else:
            self.topic_arn = self._make(name, args.keep)
        self.register_outputs({"topicArn": self.topic_arn})

    def _make(self, name: str, keep: bool) -> pulumi.Output[str]:
        """CloudWatch can publish to an encrypted topic only if the key's policy lets it.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        """
        account = account_id(self)
        own_account = {"StringEquals": {"aws:SourceAccount": account}}
        grant = service_grant("cloudwatch.amazonaws.com", own_account)
        key = customer_key(f"{name}-key", f"Alarms in {name}", [grant], keep=keep, parent=self)
        topic = aws.sns.Topic(
            name,
            kms_master_key_id=key.arn,
            signature_version=2,  # SHA-256 instead of SHA-1
            opts=pulumi.ResourceOptions(
                parent=self, protect=keep or None, retain_on_delete=keep or None
            ),
        )
        publish: Statement = {
            "Sid": "PublishAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic.arn,
            "Condition": own_account,
        }
        statements = [
            publish,
            deny_plaintext(TOPIC_ACTIONS, topic.arn),
            deny_outsiders(TOPIC_ACTIONS, topic.arn, account),
        ]
        aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=document(statements),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return topic.arn
