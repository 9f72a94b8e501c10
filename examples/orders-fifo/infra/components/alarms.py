"""CloudWatch alarms on queues and topics. A component makes them when it has an alarm topic."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: `metric` above `threshold` in `datapoints` of the last `periods` minutes."""

    metric: str
    statistic: str
    threshold: int
    description: str
    """What it means and what to do, for the person it wakes."""
    datapoints: int = 1
    periods: int = 1


# Metrics of queues:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
DEAD_LETTERS = Alarm(
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    threshold=0,
    description="Messages were given up on: peek at the dead-letter queue for the reason.",
)
UNDELIVERED = Alarm(
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    threshold=0,
    description="SNS could not hand over messages: check the queue's policy and key.",
)
IN_FLIGHT = Alarm(
    metric="ApproximateNumberOfMessagesNotVisible",
    statistic="Average",
    threshold=108_000,  # 90 % of the 120,000 at which SQS hands out nothing more
    description="Nearly too many messages taken and not finished: is a consumer hanging?",
    datapoints=15,
    periods=15,
)
# Metrics of topics:
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
TOPIC_ALARMS = {
    "failed": Alarm(
        metric="NumberOfNotificationsFailed",
        statistic="Sum",
        threshold=0,
        description="SNS could not deliver to a subscriber: check the queue's policy and key.",
    ),
    "lost": Alarm(
        metric="NumberOfNotificationsFailedToRedriveToDlq",
        statistic="Sum",
        threshold=0,
        description="Messages are lost: SNS could not even use the undelivered queue.",
    ),
    "bad-attributes": Alarm(
        metric="NumberOfNotificationsFilteredOut-InvalidAttributes",
        statistic="Sum",
        threshold=0,
        description="A filter could not read a message's attributes, so it was not delivered.",
    ),
    "bad-body": Alarm(
        metric="NumberOfNotificationsFilteredOut-InvalidMessageBody",
        statistic="Sum",
        threshold=0,
        description="A filter could not read a message's body, so it was not delivered.",
    ),
}


def waiting(delay_seconds: int) -> Alarm:
    """The oldest message waits five minutes longer than the queue's own delay.

    A standard queue leaves out messages that were received three times or more, so this alarm
    does not see poison messages; the one on dead letters does.
    """
    return Alarm(
        metric="ApproximateAgeOfOldestMessage",
        statistic="Maximum",
        threshold=300 + delay_seconds,
        description="Consumers are behind, or a key is blocked: add consumers or read their log.",
        datapoints=3,
        periods=5,
    )


def queue_alarm(
    name: str,
    alarm: Alarm,
    queue: aws.sqs.Queue,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    """Watches one queue and reports to the alarm topic."""
    _alarm(name, alarm, "AWS/SQS", {"QueueName": queue.name}, topic_arn, parent)


def topic_alarm(
    name: str,
    alarm: Alarm,
    topic: aws.sns.Topic,
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    """Watches one topic and reports to the alarm topic, which is another one."""
    _alarm(name, alarm, "AWS/SNS", {"TopicName": topic.name}, topic_arn, parent)


def _alarm(
    name: str,
    alarm: Alarm,
    namespace: str,
    dimensions: Mapping[str, pulumi.Input[str]],
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=alarm.description,
        namespace=namespace,
        metric_name=alarm.metric,
        dimensions=dimensions,
        statistic=alarm.statistic,
        period=60,
        datapoints_to_alarm=alarm.datapoints,
        evaluation_periods=alarm.periods,
        threshold=alarm.threshold,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",  # an idle queue reports nothing, and that is normal
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=pulumi.ResourceOptions(parent=parent),
    )
