"""The adapters against botocore's own model of SQS and SNS: what is sent, what is understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.stub import ANY, Stubber

from messaging import StartError, Unsendable
from messaging.cloudevents import Outgoing, Received
from messaging.message import Failure
from messaging.sns import SnsTopic  # pyright: ignore[reportMissingImports]
from messaging.sqs import LETTER, SqsQueue, describe, needs  # pyright: ignore[reportMissingImports]

from .kit import Placed, event

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders-billing"
ARN = "arn:aws:sns:eu-west-1:123456789012:orders"
ATTRIBUTES = {
    "VisibilityTimeout": "60",
    "MaximumMessageSize": "262144",
    "RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:orders-billing-dlq", "maxReceiveCount": 9}
    ),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("ORDERS_BILLING_QUEUE_URL", URL)
    monkeypatch.setenv("ORDERS_BILLING_DLQ_URL", f"{URL}-dlq")
    monkeypatch.setenv("ORDERS_TOPIC_ARN", ARN)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    """The stubbed client of each service; "receive" is the one that waits for a long poll."""
    stubs: dict[str, Stubber] = {}
    real: Any = boto3.client

    def client(service: str, **options: Any) -> Any:
        made = real(service, **options)
        name = "receive" if options["config"].read_timeout == 30 else service
        stubs[name] = Stubber(made)
        stubs[name].activate()
        for answer in ANSWERS.get(name, []):
            stubs[name].add_response(*answer)
        return made

    monkeypatch.setattr(boto3, "client", client)
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()


ANSWERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "sqs": [("get_queue_attributes", {"Attributes": ATTRIBUTES})],
    "sns": [("get_topic_attributes", {"Attributes": {}})],
}


def opened(fifo: bool = False, monkeypatch: pytest.MonkeyPatch | None = None) -> SqsQueue:
    queue = SqsQueue("ORDERS_BILLING_QUEUE_URL")
    queue.open(10)
    queue.fifo = fifo
    return queue


def message(receipt: str = "r-1", group: str | None = None, **attributes: str) -> Received:
    return Received(receipt, "m-1", "{}", attributes, 1, group, "2026-01-01T00:00:00+00:00")


def test_the_queue_says_its_own_limits(clients: dict[str, Stubber]) -> None:
    queue = opened()
    assert (queue.name, queue.lease_seconds, queue.max_attempts) == ("orders-billing", 60.0, 9)
    assert queue.batch_bytes == 262_144
    queue.open(10)


def test_it_receives_without_a_wait_of_its_own(clients: dict[str, Stubber]) -> None:
    queue = opened()
    answer = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": "text",
        "Attributes": {
            "ApproximateReceiveCount": "3",
            "ApproximateFirstReceiveTimestamp": "1767225600000",
            "MessageGroupId": "o-1",
        },
        "MessageAttributes": {
            "ce_type": {"DataType": "String", "StringValue": "order.placed"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"x"},
        },
    }
    expected = {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 10,
        "MessageSystemAttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    }
    clients["receive"].add_response("receive_message", {"Messages": [answer]}, expected)
    clients["receive"].add_response("receive_message", {}, expected | {"MaxNumberOfMessages": 3})
    [received] = queue.receive(25)
    first_seen = "2026-01-01T00:00:00+00:00"
    attributes = {"ce_type": "order.placed"}
    assert received == Received("r-1", "m-1", "text", attributes, 3, None, first_seen)
    assert queue.receive(3) == []
    queue.fifo = True
    assert queue._received(answer).group == "o-1"


def test_a_call_that_hangs_is_dropped_long_before_a_lease_ends(clients: dict[str, Stubber]) -> None:
    queue = opened()
    calls, receives = queue.client.meta.config, queue._receiver.meta.config
    tries = calls.retries["total_max_attempts"]
    assert (calls.read_timeout + calls.connect_timeout) * tries < queue.lease_seconds
    assert receives.read_timeout > 20


def test_a_receive_can_be_given_its_own_wait_and_lease(clients: dict[str, Stubber]) -> None:
    queue = opened()
    asked = {"QueueUrl": URL, "MaxNumberOfMessages": 3, "WaitTimeSeconds": 1}
    asked |= {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
    clients["receive"].add_response("receive_message", {}, asked | {"VisibilityTimeout": 30})
    assert queue.receive(3, WaitTimeSeconds=1, VisibilityTimeout=30) == []


def test_a_fifo_receive_without_an_answer_is_made_again_under_its_id(
    clients: dict[str, Stubber],
) -> None:
    queue = opened(fifo=True)
    ids: list[str] = []
    queue._receiver.meta.events.register(
        "provide-client-params.sqs.ReceiveMessage",
        lambda params, **_: ids.append(params["ReceiveRequestAttemptId"]),
    )
    clients["receive"].add_client_error("receive_message", "InternalError", http_status_code=500)
    clients["receive"].add_response("receive_message", {})
    clients["receive"].add_response("receive_message", {})
    with pytest.raises(ClientError):
        queue.receive(1)
    queue.receive(1)
    queue.receive(1)
    assert ids[0] == ids[1] != ids[2]


def test_batches_of_ten_and_the_failures_of_each(clients: dict[str, Stubber]) -> None:
    queue = opened()
    for numbers, failed in ((range(10), "3"), (range(10, 12), "11")):
        entries = [{"Id": str(n), "ReceiptHandle": f"r-{n}"} for n in numbers]
        failure = {"Id": failed, "Code": "ReceiptHandleIsInvalid", "SenderFault": failed == "3"}
        answer = {"Successful": [], "Failed": [failure]}
        request = {"QueueUrl": URL, "Entries": entries}
        clients["sqs"].add_response("delete_message_batch", answer, request)
    failures = queue.ack([message(f"r-{n}") for n in range(12)])
    assert {n: failure for n, failure in enumerate(failures) if failure} == {
        3: Failure("ReceiptHandleIsInvalid", again=False),
        11: Failure("ReceiptHandleIsInvalid", again=True),
    }


def test_extend_and_nack_change_the_visibility(clients: dict[str, Stubber]) -> None:
    queue = opened()
    for seconds in (60, 0, 8):
        entry = {"Id": "0", "ReceiptHandle": "r-1", "VisibilityTimeout": seconds}
        clients["sqs"].add_response(
            "change_message_visibility_batch",
            {"Successful": [], "Failed": []},
            {"QueueUrl": URL, "Entries": [entry]},
        )
    assert queue.extend([message()]) == queue.nack([message()], 0) == [None]
    assert queue.nack([message()], 7.6) == [None]


def test_a_call_that_fails_as_a_whole_fails_each_entry(clients: dict[str, Stubber]) -> None:
    queue = opened()
    clients["sqs"].add_client_error("delete_message_batch", "ServiceUnavailable", "x", 503)
    assert queue.ack([message(), message()]) == [Failure("ServiceUnavailable", again=True)] * 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *(
            ((code, status), Failure(code, True))
            for code, status in (
                ("RequestThrottled", 403),
                ("ThrottlingException", 400),
                ("KMS.ThrottlingException", 400),
                ("RequestLimitExceeded", 400),
                ("SlowDown", 400),
                ("TooManyRequestsException", 429),
                ("OverLimit", 403),
                ("ServiceUnavailable", 400),
                ("InternalError", 400),
                ("Anything", 500),
                ("ExpiredToken", 403),
                ("ExpiredTokenException", 400),
            )
        ),
        (("AccessDenied", 403), Failure("AccessDenied", False)),
        (ConnectTimeoutError(endpoint_url="x"), Failure("ConnectTimeoutError", True)),
        (EndpointConnectionError(endpoint_url="x"), Failure("EndpointConnectionError", True)),
        (ReadTimeoutError(endpoint_url="x"), Failure("ReadTimeoutError", True)),
        (ConnectionClosedError(endpoint_url="x"), Failure("ConnectionClosedError", True)),
        (("InvalidParameterValue", 400), Failure("InvalidParameterValue", False)),
        (("InvalidClientTokenId", 403), Failure("InvalidClientTokenId", False)),
        (NoCredentialsError(), Failure("NoCredentialsError", False)),
        (ParamValidationError(report="x"), Failure("ParamValidationError", False)),
        (ValueError(), Failure("ValueError", False)),
    ],
)
def test_which_errors_may_pass(error: Any, expected: Failure) -> None:
    if isinstance(error, tuple):
        code, status = error
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        error = ClientError(answer, "X")
    assert describe(error) == expected


def test_a_dead_letter_keeps_body_and_attributes_and_says_why(clients: dict[str, Stubber]) -> None:
    queue = opened(fifo=True)
    fields = {"mq-error-type": "Reject"}
    clients["sqs"].add_response(
        "send_message",
        {},
        {
            "QueueUrl": f"{URL}-dlq",
            "MessageBody": "{}",
            "MessageAttributes": {
                "ce_type": {"DataType": "String", "StringValue": "t"},
                LETTER: {"DataType": "String", "StringValue": json.dumps(fields)},
            },
            "MessageGroupId": "o-1",
            "MessageDeduplicationId": "m-1",
        },
    )
    queue.dead_letter(message(group="o-1", ce_type="t"), fields)


def test_a_dead_letter_of_a_message_with_ten_attributes_keeps_them_too(
    clients: dict[str, Stubber],
) -> None:
    queue = opened()
    kept = {f"a{n}": "x" for n in range(10)}
    letter = json.dumps({"mq-error-type": "Reject", "mq-attributes": json.dumps(kept)})
    expected = {LETTER: {"DataType": "String", "StringValue": letter}}
    request = {"QueueUrl": ANY, "MessageBody": "{}", "MessageAttributes": expected}
    clients["sqs"].add_response("send_message", {}, request)
    queue.dead_letter(message(**kept), {"mq-error-type": "Reject"})


def test_events_are_published_with_key_and_id_on_fifo(
    clients: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_TOPIC_ARN", f"{ARN}.fifo")
    topic = SnsTopic("ORDERS_TOPIC_ARN")
    topic.open()
    made = event(Placed(order="o-1"))
    entry = {
        "Id": "0",
        "Message": made.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": text}
            for name, text in made.attributes.items()
        },
        "MessageGroupId": "o-1",
        "MessageDeduplicationId": made.id,
    }
    clients["sns"].add_response(
        "publish_batch",
        {"Successful": [], "Failed": [{"Id": "0", "Code": "Throttled", "SenderFault": False}]},
        {"TopicArn": f"{ARN}.fifo", "PublishBatchRequestEntries": [entry]},
    )
    assert topic.send([made]) == [Failure("Throttled", again=True)]
    assert topic.entry(made._replace(group=None))["MessageGroupId"] == made.id


def test_events_are_sent_to_a_standard_queue_without_a_group(clients: dict[str, Stubber]) -> None:
    queue = opened()
    made = event(Placed(order="o-1"))
    entry = {"Id": "0", "MessageBody": made.body, "MessageAttributes": ANY}
    request = {"QueueUrl": URL, "Entries": [entry]}
    clients["sqs"].add_response("send_message_batch", {"Successful": [], "Failed": []}, request)
    assert queue.send([made]) == [None]


def test_the_size_limit_is_the_topics(
    clients: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = SnsTopic("ORDERS_TOPIC_ARN")
    topic.open()
    assert topic.batch_bytes == 262_144
    larger = {"Attributes": {"MaximumMessageSize": "1048576"}}
    monkeypatch.setitem(ANSWERS, "sns", [("get_topic_attributes", larger)])
    other = SnsTopic("ORDERS_TOPIC_ARN")
    other.open()
    assert other.batch_bytes == 1_048_576


def outgoing(group: str | None = None, body: str = "{}", **attributes: str) -> Outgoing:
    return Outgoing("1", body, attributes, group)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (outgoing(body="x" * 1017, a="1"), "the limit is 1024"),
        (outgoing(**{f"a{n}": "x" for n in range(11)}), "11 attributes"),
        (outgoing(a=""), "empty"),
        (outgoing(a="x\x00"), "character"),
        (outgoing(a="\ufffe"), "character"),
        (outgoing(group="two words"), "a key"),
        (outgoing(group="x" * 129), "a key"),
        (outgoing(group="Zürich"), "a key"),
    ],
)
def test_what_aws_would_refuse_or_lose_is_refused_here(event: Outgoing, says: str) -> None:
    queue = SqsQueue("X_QUEUE_URL")
    queue.fifo, queue.batch_bytes = True, 1024
    with pytest.raises(Unsendable, match=says):
        queue.check(event)


def test_what_aws_takes_passes() -> None:
    queue = SqsQueue("X_QUEUE_URL")
    queue.fifo, queue.batch_bytes = True, 1024
    for fine in (
        outgoing(body="x" * 1024),
        outgoing(**{f"a{n}": "ü\t🎉" for n in range(10)}),
        outgoing(group="!o-1/~" * 20),
    ):
        queue.check(fine)
    queue.fifo = False
    queue.check(outgoing(group="two words"))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDenied", "the role of this process needs sqs:GetQueueAttributes on orders-billing"),
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "sqs:GetQueueAttributes on orders-billing fail",
        ),
    ],
)
def test_a_refused_read_at_start_names_the_action(
    code: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = botocore.session.get_session().create_client("sqs", region_name="eu-west-1")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stub:
        stub.add_client_error("get_queue_attributes", code)
        with pytest.raises(StartError, match=says):
            SqsQueue("ORDERS_BILLING_QUEUE_URL").open(10)


def test_a_refused_receive_names_the_action_and_other_errors_pass() -> None:
    answer: Any = {"Error": {"Code": "AccessDenied"}}
    with (
        pytest.raises(StartError, match="needs sqs:ReceiveMessage on orders"),
        needs("sqs:ReceiveMessage", "orders", starting=False),
    ):
        raise ClientError(answer, "ReceiveMessage")
    with (
        pytest.raises(EndpointConnectionError),
        needs("sqs:ReceiveMessage", "orders", starting=False),
    ):
        raise EndpointConnectionError(endpoint_url="x")


def test_a_topic_that_may_not_be_read_names_the_action(monkeypatch: pytest.MonkeyPatch) -> None:
    client = botocore.session.get_session().create_client("sns", region_name="eu-west-1")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stub:
        stub.add_client_error("get_topic_attributes", "AuthorizationError")
        with pytest.raises(StartError, match="needs sns:GetTopicAttributes"):
            SnsTopic("ORDERS_TOPIC_ARN").open()


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERS_TOPIC_ARN")
    with pytest.raises(StartError, match="ORDERS_TOPIC_ARN is not set"):
        SnsTopic("ORDERS_TOPIC_ARN").open()


def test_another_queues_dead_letter_queue_is_refused(
    clients: dict[str, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_BILLING_DLQ_URL", f"{URL}-other")
    with pytest.raises(StartError, match="is not the dead-letter queue of orders-billing"):
        opened()
