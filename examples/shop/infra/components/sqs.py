"""One SQS queue and its policy: what a work queue, a dead-letter queue and an undelivered queue
have in common, and what the operator may do with the last two.
"""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .documents import (
    QUEUE_ACTIONS,
    account_id,
    allow,
    deny_outsiders,
    deny_plaintext,
    document,
    key_use,
)

# A message with its attributes is at most 1 MiB; queues and topics start at 256 KiB. The limit
# must be the same on the whole path, or a large message is lost half-way.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 262_144
MAX_LARGE_MESSAGE_BYTES = 1_048_576

# What the calls of each process need. A batch needs the right of the single call; attributes are
# read at start, for the limits that the queue has.
SEND = ("sqs:SendMessage", "sqs:GetQueueAttributes")
RECEIVE = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
)


def message_bytes(large_messages: bool) -> int:
    """The size limit in bytes for every queue and topic on a path."""
    return MAX_LARGE_MESSAGE_BYTES if large_messages else MAX_MESSAGE_BYTES


def make_queue(
    name: str,
    *,
    fifo: bool,
    large_messages: bool,
    retention_seconds: int,
    key_arn: pulumi.Input[str] | None,
    keep: bool,
    parent: pulumi.Resource,
    visibility_timeout_seconds: int = 30,
    wait_time_seconds: int = 20,
    delay_seconds: int = 0,
) -> aws.sqs.Queue:
    """A queue, encrypted with the given key or else with SQS's own.

    FIFO queues get both halves of high throughput (either alone does nothing), and no
    content-based deduplication: it would silently drop two events that look the same.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
    """
    return aws.sqs.Queue(
        name,
        fifo_queue=True if fifo else None,
        content_based_deduplication=False if fifo else None,
        deduplication_scope="messageGroup" if fifo else None,
        fifo_throughput_limit="perMessageGroupId" if fifo else None,
        visibility_timeout_seconds=visibility_timeout_seconds,
        receive_wait_time_seconds=wait_time_seconds,  # long polling: fewer, fuller receives
        message_retention_seconds=retention_seconds,
        delay_seconds=delay_seconds,
        max_message_size=message_bytes(large_messages),
        sqs_managed_sse_enabled=True if key_arn is None else None,
        kms_master_key_id=key_arn,
        kms_data_key_reuse_period_seconds=None if key_arn is None else 300,
        opts=pulumi.ResourceOptions(
            parent=parent, protect=keep or None, retain_on_delete=keep or None
        ),
    )


def make_queue_policy(
    name: str,
    queue: aws.sqs.Queue,
    topic_arn: pulumi.Input[str] | None,
    parent: pulumi.Resource,
) -> aws.sqs.QueuePolicy:
    """TLS only, this account only; and delivery by the one topic, when there is one.

    Principals of the account need no Allow here: their own IAM policies decide.
    """
    statements = [
        deny_plaintext(QUEUE_ACTIONS, queue.arn),
        deny_outsiders(QUEUE_ACTIONS, queue.arn, account_id(parent)),
    ]
    if topic_arn is not None:
        statements.append(
            {
                "Sid": "DeliverFromTopic",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue.arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        )
    return aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=document(statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def redrive_document(
    dead: Sequence[pulumi.Input[str]],
    source_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """What the operator may do: look at, take, send back and purge messages that failed.

    `dead` are the queues that hold them, `source_arn` the one they are sent back to.
    """
    statements = [
        allow("LookAndPurge", (*RECEIVE, "sqs:PurgeQueue"), dead),
        allow("SendBack", SEND, source_arn),
        *key_use(key_arn, "UseQueueKey"),
    ]
    return document(statements)
