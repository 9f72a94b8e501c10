"""Amazon SQS: the queue that a consumer takes from, or that a producer sends to.

The only module that makes AWS clients. Where they connect to is botocore's business, such as
AWS_ENDPOINT_URL. Limits: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

import json
import os
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from messaging.cloudevents import Outgoing, Received
from messaging.message import Failure, StartError
from messaging.producer import Unsendable

ENTRIES = ATTRIBUTES = 10  # in one batch; of one message
LETTER = "mq-dead-letter"  # one attribute, JSON, for all mq-* fields: a message has only ten
# Codes of errors that pass. Credentials that ran out are new in the next call: botocore sees to it.
PASSING = re.compile("Throttl|SlowDown|TooMany|RequestLimit|OverLimit|Unavail|Internal|Expired")
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def client(service: str, connections: int = 10, patience: int = 5, region: str = "") -> Any:
    """An AWS client, for all threads of the process; waits for an answer for `patience` s."""
    config = Config(max_pool_connections=connections, connect_timeout=5, read_timeout=patience)
    config = config.merge(Config(retries={"mode": "standard", "max_attempts": 3}))
    # AWS_REGION is set on ECS and Lambda, and boto3 does not read it.
    region = region or os.environ.get("AWS_REGION", "")
    # boto3-stubs has an overload for each AWS service, and none for a plain str.
    return boto3.client(service, region_name=region or None, config=config)  # pyright: ignore


def describe(error: Exception) -> Failure:
    """The code of an AWS error, and whether the same call can succeed later."""
    if not isinstance(error, ClientError):
        return Failure(type(error).__name__, isinstance(error, (ConnectionError, HTTPClientError)))
    code = str(error.response.get("Error", {}).get("Code"))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Failure(code, status >= 500 or bool(PASSING.search(code)))


def variable(name: str) -> str:
    """An environment variable that must be there."""
    if value := os.environ.get(name):
        return value
    raise StartError(f"{name} is not set; it is an output of the Pulumi stack")


@contextmanager
def needs(action: str, resource: str, starting: bool = True) -> Generator[None]:
    """Makes an error of this call a StartError; if not `starting`, only when a right is missing."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        code = describe(error).code
        if "AccessDenied" in code or "Authorization" in code:
            why = f"the role of this process needs {action} on {resource} ({code})"
            raise StartError(why) from error
        if starting:
            raise StartError(f"{action} on {resource} failed: {error}") from error
        raise


def batch(call: Callable[[Any], Any], entries: Sequence[Mapping[str, Any]]) -> list[Failure | None]:
    """Makes a batch call, for ten entries at a time. Returns each entry's failure."""
    result: list[Failure | None] = [None] * len(entries)
    for start in range(0, len(entries), ENTRIES):
        numbered = enumerate(entries[start : start + ENTRIES], start)
        chunk = [{"Id": str(n), **entry} for n, entry in numbered]
        try:
            for x in call(chunk).get("Failed", []):
                result[int(x["Id"])] = Failure(x["Code"], not x["SenderFault"])
        except (BotoCoreError, ClientError) as error:
            result[start : start + len(chunk)] = [describe(error)] * len(chunk)
    return result


class Sender:
    """What sending to a queue and to a topic have in common."""

    batch_entries = ENTRIES
    body = "MessageBody"  # what the service calls the text

    def __init__(self, variable: str) -> None:
        self.variable, self.address, self.fifo, self.batch_bytes = variable, "", False, 0
        self.client: Any = None

    def check(self, event: Outgoing) -> None:
        if (size := event.size()) > self.batch_bytes:
            raise Unsendable(f"{size} bytes with its attributes, the limit is {self.batch_bytes}")
        # With raw delivery SNS discards a message that has more, and says so to nobody.
        # https://docs.aws.amazon.com/sns/latest/dg/SNSMessageAttributes.html
        if len(event.attributes) > ATTRIBUTES:
            raise Unsendable(f"{len(event.attributes)} attributes; the limit is {ATTRIBUTES}")
        if any(not text or FORBIDDEN.search(text) for text in event.attributes.values()):
            raise Unsendable("an attribute is empty, or has a character that XML does not allow")
        if self.fifo and event.group and not re.fullmatch("[!-~]{1,128}", event.group):
            raise Unsendable("a key has 1 to 128 printable ASCII characters and no space")

    def entry(self, event: Outgoing) -> dict[str, Any]:
        """The event as AWS takes it."""
        texts = event.attributes.items()
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts}
        order = {"MessageGroupId": event.group or event.id, "MessageDeduplicationId": event.id}
        sent = {self.body: event.body, "MessageAttributes": attributes}
        return sent | order if self.fifo else sent

    def send(self, events: Sequence[Outgoing]) -> list[Failure | None]:
        return batch(self._send, [self.entry(event) for event in events])

    def _send(self, chunk: Any) -> Any:
        return self.client.send_message_batch(QueueUrl=self.address, Entries=chunk)


class SqsQueue(Sender):
    """The queue whose URL is in an environment variable, such as ORDERS_BILLING_QUEUE_URL. Its
    dead-letter queue is in ORDERS_BILLING_DLQ_URL; all else is read from the queue at start."""

    def open(self, concurrency: int = 0) -> None:
        """Reads the queue's settings; with `concurrency`, for a consumer."""
        if self.address:
            return
        url = variable(self.variable)
        self.name = url.split("/")[-1]
        self.fifo = url.endswith(".fifo")
        with needs("sqs:GetQueueAttributes", self.name):
            self.client = client("sqs", concurrency + 4)
            self._receiver = client("sqs", patience=30)  # a long poll takes up to 20 s
            found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        found = found["Attributes"]
        self.batch_bytes = int(found.get("MaximumMessageSize", 1_048_576))
        self.lease_seconds = float(found["VisibilityTimeout"])
        redrive = json.loads(found.get("RedrivePolicy", "{}"))
        self.max_attempts = int(redrive.get("maxReceiveCount", 0))
        if concurrency:
            self._dlq = variable(self.variable.replace("_QUEUE_URL", "_DLQ_URL"))
            if redrive.get("deadLetterTargetArn", "").split(":")[-1] != self._dlq.split("/")[-1]:
                raise StartError(f"{self._dlq} is not the dead-letter queue of {self.name}")
        self.address, self._receive_id = url, uuid4().hex

    def receive(self, limit: int, **request: Any) -> list[Received]:
        """Takes messages. The long poll and the lease are the queue's own unless given."""
        request |= {"QueueUrl": self.address, "MaxNumberOfMessages": min(limit, 10)}
        request |= {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        # On a FIFO queue, a receive that got no answer is made again under its old id, or the
        # messages it took would stay locked.
        request |= {"ReceiveRequestAttemptId": self._receive_id} if self.fifo else {}
        with needs("sqs:ReceiveMessage", self.name, starting=False):
            answer = self._receiver.receive_message(**request)
        self._receive_id = uuid4().hex
        return [self._received(message) for message in answer.get("Messages", [])]

    def extend(self, messages: Sequence[Received]) -> list[Failure | None]:
        return self.nack(messages, self.lease_seconds)

    def nack(self, messages: Sequence[Received], delay: float) -> list[Failure | None]:
        change, delay = self.client.change_message_visibility_batch, round(delay)
        entries = [{"ReceiptHandle": x.receipt, "VisibilityTimeout": delay} for x in messages]
        return batch(lambda chunk: change(QueueUrl=self.address, Entries=chunk), entries)

    def ack(self, messages: Sequence[Received]) -> list[Failure | None]:
        delete = self.client.delete_message_batch
        entries = [{"ReceiptHandle": message.receipt} for message in messages]
        return batch(lambda chunk: delete(QueueUrl=self.address, Entries=chunk), entries)

    def dead_letter(self, message: Received, fields: Mapping[str, str]) -> None:
        kept = dict(message.attributes)
        if len(kept) >= ATTRIBUTES:
            fields, kept = {**fields, "mq-attributes": json.dumps(kept)}, {}
        kept[LETTER] = json.dumps(fields)
        letter = self.entry(Outgoing(message.id, message.body, kept, message.group))
        self.client.send_message(QueueUrl=self._dlq, **letter)

    def _received(self, message: Mapping[str, Any]) -> Received:
        """A message as SQS hands it over; binary attributes are left out."""
        system, values = message["Attributes"], message.get("MessageAttributes", {})
        texts = {name: x["StringValue"] for name, x in values.items() if "StringValue" in x}
        first_seen = int(system.get("ApproximateFirstReceiveTimestamp", 0)) / 1000
        return Received(
            receipt=message["ReceiptHandle"],
            id=message["MessageId"],
            body=message["Body"],
            attributes=texts,
            attempt=int(system["ApproximateReceiveCount"]),
            group=system.get("MessageGroupId") if self.fifo else None,  # else it orders nothing
            first_seen=datetime.fromtimestamp(first_seen, UTC).isoformat(timespec="seconds"),
        )
