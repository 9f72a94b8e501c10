"""CloudWatch alarms on queues and topics. A component makes them when it has an alarm topic."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: `metric` above `threshold` in `datapoints` of the last `periods` minutes."""

    metric: str
    description: str
    """What it means and what to do, for the person it wakes."""
    statistic: str = "Sum"
    threshold: int = 0
    datapoints: int = 1
    periods: int = 1


# Metrics of queues:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
DEAD_LETTERS = Alarm(
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    description="Messages were given up on: peek at the dead-letter queue for the reason.",
)
UNDELIVERED = Alarm(
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    description="SNS could not hand over messages: check the queue's policy and key.",
)
IN_FLIGHT = Alarm(
    metric="ApproximateNumberOfMessagesNotVisible",
    statistic="Average",
    # 90 % of the 120,000 at which SQS hands out nothing more, of a FIFO queue too:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/avoid-backlog-with-the-same-message-group-id.html
    threshold=108_000,
    description="Nearly too many messages taken and not finished: is a consumer hanging?",
    datapoints=15,
    periods=15,
)
# Metrics of topics:
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
TOPIC_ALARMS = {
    "failed": Alarm(
        metric="NumberOfNotificationsFailed",
        description="SNS could not deliver to a subscriber: check the queue's policy and key.",
    ),
    "lost": Alarm(
        metric="NumberOfNotificationsFailedToRedriveToDlq",
        description="Messages are lost: SNS could not even use the undelivered queue.",
    ),
}
# By what the filter reads. The topic counts these, in the account and region that it lives in.
UNREADABLE = {
    "attributes": Alarm(
        metric="NumberOfNotificationsFilteredOut-InvalidAttributes",
        description="A filter could not read a message's attributes, so it was not delivered.",
    ),
    "body": Alarm(
        metric="NumberOfNotificationsFilteredOut-InvalidMessageBody",
        description="A filter could not read a message's body, so it was not delivered.",
    ),
}
LONGEST_WAIT = 3_600  # seconds: a key that is stuck for an hour is told, however long it may retry


def waiting(delay_seconds: int, *, fifo: bool, max_receive_count: int) -> Alarm:
    """The oldest message waits five minutes longer than is normal.

    A standard queue leaves out messages that were received three times or more, so this alarm
    does not see poison messages; the one on dead letters does. A FIFO queue counts them, so there
    the pauses between the attempts are normal too: 5 s, doubled each time, 900 s at most.
    """
    threshold = 300 + delay_seconds
    description = "Consumers are behind: add consumers or read their log."
    if fifo:
        pauses = (min(900, 5 * 2 ** min(number, 8)) for number in range(max_receive_count - 1))
        threshold = min(threshold + sum(pauses), LONGEST_WAIT)
        description = "A key may be blocked, or consumers are behind: read their log."
    return Alarm(
        metric="ApproximateAgeOfOldestMessage",
        statistic="Maximum",
        threshold=threshold,
        description=description,
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
    topic_name: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    """Watches one topic and reports to the alarm topic, which is another one."""
    _alarm(name, alarm, "AWS/SNS", {"TopicName": topic_name}, topic_arn, parent)


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
