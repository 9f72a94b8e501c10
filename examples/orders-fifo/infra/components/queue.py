"""An SQS queue with its dead-letter queue, and who may send, consume and redrive."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .alarms import DEAD_LETTERS, IN_FLIGHT, queue_alarm, waiting
from .documents import Statement, allow, document, key_use, owner
from .keys import customer_key, service_grant
from .sqs import RECEIVE, SEND, make_queue, make_queue_policy, redrive_document


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    fifo: bool = False
    """Order by key, and no duplicates within 5 minutes. Cannot be changed later."""
    large_messages: bool = False
    """Messages up to 1 MiB instead of 256 KiB."""
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
    """How long a dead letter is kept. On a standard queue its age counts from the first send."""
    delay_seconds: int = 0
    """How long each message is held back before anyone can receive it. 0 to 900."""
    max_receive_count: int = 9
    """Receives before SQS moves a message to the dead-letter queue by itself. 1 to 1,000."""
    topic_arn: pulumi.Input[str] | None = None
    """The topic that may deliver here. None: no topic."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """Where alarms go. None: no alarms."""


class Queue(pulumi.ComponentResource):
    """The queue, its dead-letter queue, their policies and redrive, key and alarms."""

    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    dlq_url: pulumi.Output[str]
    dlq_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str] | None
    send_policy: pulumi.Output[str]
    """For a producer's role: send, and read the queue's size limit."""
    consume_policy: pulumi.Output[str]
    """For a consumer's role: take messages here, send to the dead-letter queue, nothing more."""
    redrive_policy: pulumi.Output[str]
    """For an operator's role: look at dead letters, send them back, purge them."""

    def __init__(
        self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:Queue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.key_arn = self._key(name, args) if args.cmk else None

        def make(queue_name: str, retention: int, **settings: int) -> aws.sqs.Queue:
            return make_queue(
                queue_name,
                fifo=args.fifo,
                large_messages=args.large_messages,
                retention_seconds=retention,
                key_arn=self.key_arn,
                keep=args.keep,
                parent=self,
                **settings,
            )

        dlq = make(f"{name}-dlq", args.dlq_retention_seconds)
        queue = make(
            name,
            args.retention_seconds,
            visibility_timeout_seconds=args.visibility_timeout_seconds,
            wait_time_seconds=args.wait_time_seconds,
            delay_seconds=args.delay_seconds,
        )
        self.policies = [
            make_queue_policy(f"{name}-policy", queue, args.topic_arn, self),
            make_queue_policy(f"{name}-dlq-policy", dlq, None, self),
        ]
        # maxReceiveCount must be a number: as a string it shows a difference on every preview.
        redrive = {"deadLetterTargetArn": dlq.arn, "maxReceiveCount": args.max_receive_count}
        sources = {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
        aws.sqs.RedriveAllowPolicy(
            f"{name}-redrive-allow",
            queue_url=dlq.url,
            redrive_allow_policy=pulumi.Output.json_dumps(sources),
            opts=child,
        )
        aws.sqs.RedrivePolicy(
            f"{name}-redrive",
            queue_url=queue.url,
            redrive_policy=pulumi.Output.json_dumps(redrive),
            opts=child,
        )
        if args.alarm_topic_arn is not None:
            topic = args.alarm_topic_arn
            queue_alarm(f"{name}-dlq-depth", DEAD_LETTERS, dlq, topic, self)
            age = waiting(
                args.delay_seconds, fifo=args.fifo, max_receive_count=args.max_receive_count
            )
            queue_alarm(f"{name}-age", age, queue, topic, self)
            queue_alarm(f"{name}-in-flight", IN_FLIGHT, queue, topic, self)

        self.url, self.arn = queue.url, queue.arn
        self.dlq_url, self.dlq_arn = dlq.url, dlq.arn
        use_key = key_use(self.key_arn, "UseQueueKey")
        self.send_policy = document([allow("Send", SEND, queue.arn), *use_key])
        dead_letter = allow("DeadLetter", ("sqs:SendMessage",), dlq.arn)
        self.consume_policy = document(
            [allow("Receive", RECEIVE, queue.arn), dead_letter, *use_key]
        )
        self.redrive_policy = redrive_document([dlq.arn], queue.arn, self.key_arn)
        self.register_outputs(
            {
                "url": self.url,
                "arn": self.arn,
                "dlqUrl": self.dlq_url,
                "dlqArn": self.dlq_arn,
                "keyArn": self.key_arn,
                "sendPolicy": self.send_policy,
                "consumePolicy": self.consume_policy,
                "redrivePolicy": self.redrive_policy,
            }
        )

    def _key(self, name: str, args: QueueArgs) -> pulumi.Output[str]:
        """The key for the whole group; the topic may use it, or its deliveries would fail."""
        grants: list[Statement] = []
        if args.topic_arn is not None:
            one_topic = {
                "ArnEquals": {"aws:SourceArn": args.topic_arn},
                "StringEqualsIfExists": {"aws:SourceAccount": owner(args.topic_arn)},
            }
            grants = [service_grant("sns.amazonaws.com", one_topic)]
        description = f"Messages in queue {name} and its dead letters"
        return customer_key(f"{name}-key", description, grants, keep=args.keep, parent=self).arn
