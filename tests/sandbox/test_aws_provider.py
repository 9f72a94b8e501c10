"""The aws provider without a broker: what Check fills in and refuses, and how things differ."""

import json
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi.runtime.proto import provider_pb2

from mqscaffold.sandbox.aws.provider import KINDS, AwsProvider, unproven_inputs
from mqscaffold.sandbox.provider_client import CheckFailure, ProviderClient, ProviderError
from mqscaffold.sandbox.wire import UNKNOWN, to_struct

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
QUEUE_POLICY, TOPIC_POLICY = "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy"
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
ROLE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SEED = b"seed"
SQS = "arn:aws:sqs:eu-west-1:111122223333:"
SNS = "arn:aws:sns:eu-west-1:111122223333:"

SDK = {
    QUEUE: aws.sqs.QueueArgs,
    QUEUE_POLICY: aws.sqs.QueuePolicyArgs,
    REDRIVE: aws.sqs.RedrivePolicyArgs,
    ALLOW: aws.sqs.RedriveAllowPolicyArgs,
    TOPIC: aws.sns.TopicArgs,
    TOPIC_POLICY: aws.sns.TopicPolicyArgs,
    SUBSCRIPTION: aws.sns.TopicSubscriptionArgs,
    KEY: aws.kms.KeyArgs,
    ALIAS: aws.kms.AliasArgs,
    ROLE: aws.iam.RoleArgs,
    ROLE_POLICY: aws.iam.RolePolicyArgs,
    "aws:iam/policy:Policy": aws.iam.PolicyArgs,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": aws.iam.RolePolicyAttachmentArgs,
    ALARM: aws.cloudwatch.MetricAlarmArgs,
}


@pytest.fixture(scope="module")
def client() -> ProviderClient:
    return ProviderClient(AwsProvider("http://127.0.0.1:1"), {"region": "eu-west-1"})


def urn(type_: str, name: str = "orders") -> str:
    return f"urn:pulumi:dev::shop::my:box:Box${type_}::{name}"


def check(
    client: ProviderClient, type_: str, **inputs: Any
) -> tuple[dict[str, Any], list[CheckFailure]]:
    return client.check(urn(type_), {}, inputs, SEED)


def policy(**over: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"{SQS}q",
    }
    kept = {key: value for key, value in {**statement, **over}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_every_input_of_the_sdk_is_read_or_declared_not_proven(type_: str) -> None:
    kind = KINDS[type_]
    sdk = {
        "".join([first, *(word.capitalize() for word in rest)])
        for name in vars(SDK[type_])
        if isinstance(vars(SDK[type_])[name], property)
        for first, *rest in [name.split("_")]
    }
    assert sdk == kind.reads | kind.unproven.keys()
    assert not kind.reads & kind.unproven.keys()


def test_check_fills_in_defaults_and_a_name(client: ProviderClient) -> None:
    inputs, failures = check(client, QUEUE, fifoQueue=True, visibilityTimeoutSeconds=60)
    again, _ = check(client, QUEUE, fifoQueue=True)
    assert failures == []
    assert inputs["name"] == again["name"]
    assert inputs["name"].startswith("orders-")
    assert inputs["name"].endswith(".fifo")
    assert len(inputs["name"]) == len("orders-0123456.fifo")
    assert (inputs["visibilityTimeoutSeconds"], inputs["delaySeconds"]) == (60, 0)
    assert check(client, ALIAS, targetKeyId="k")[0]["name"].startswith("alias/orders-")


def test_a_name_stays_once_it_is_given(client: ProviderClient) -> None:
    inputs, _ = client.check(urn(QUEUE), {"name": "orders-abc1234"}, {}, b"another seed")
    assert inputs["name"] == "orders-abc1234"


REFUSED = [
    (QUEUE, {"name": "has spaces and !!"}, "name", "alphanumeric"),
    (QUEUE, {"name": "q" * 81}, "name", "1 to 80"),
    (QUEUE, {"name": "orders.fifo"}, "name", "alphanumeric"),
    (QUEUE, {"name": "orders", "fifoQueue": True}, "name", "must end with .fifo"),
    (QUEUE, {"visibilityTimeoutSeconds": 43_201}, "visibilityTimeoutSeconds", "43200"),
    (QUEUE, {"delaySeconds": 901}, "delaySeconds", "900"),
    (QUEUE, {"receiveWaitTimeSeconds": 21}, "receiveWaitTimeSeconds", "20"),
    (QUEUE, {"messageRetentionSeconds": 59}, "messageRetentionSeconds", "60"),
    (QUEUE, {"maxMessageSize": 1_048_577}, "maxMessageSize", "1048576"),
    (QUEUE, {"contentBasedDeduplication": True}, "contentBasedDeduplication", "FIFO"),
    (QUEUE, {"deduplicationScope": "messageGroup"}, "deduplicationScope", "FIFO"),
    (QUEUE, {"fifoQueue": True, "fifoThroughputLimit": "perMessageGroupId"},
     "fifoThroughputLimit", "messageGroup"),
    (QUEUE, {"kmsMasterKeyId": "k", "sqsManagedSseEnabled": True}, "sqsManagedSseEnabled", "conf"),
    (QUEUE, {"policy": "{"}, "policy", "invalid JSON"),
    (QUEUE, {"shape": "round"}, "shape", "does not know this input"),
    (QUEUE_POLICY, {"policy": policy(Effect="Perhaps")}, "policy", "Allow or Deny"),
    (QUEUE_POLICY, {"policy": policy(Action="sns:Publish")}, "policy", "out of service scope"),
    (QUEUE_POLICY, {"policy": policy(Action=None)}, "policy", "contain actions"),
    (QUEUE_POLICY, {"policy": policy(Principal=None)}, "policy", "contain a principal"),
    (QUEUE_POLICY, {"policy": policy(Resource="q")}, "policy", "ARN format"),
    (QUEUE_POLICY, {"policy": policy(Colour="red")}, "policy", "unknown element Colour"),
    (QUEUE_POLICY, {"policy": policy(Sid="x" * 9000)}, "policy", "8192"),
    (QUEUE_POLICY, {"policy": json.dumps({"Version": "2012-10-17"})}, "policy", "no Statement"),
    (REDRIVE, {"queueUrl": "https://x/1/q.fifo",
               "redrivePolicy": json.dumps(
                   {"deadLetterTargetArn": f"{SQS}dlq", "maxReceiveCount": 3})},
     "redrivePolicy", "must also be a FIFO queue"),
    (REDRIVE, {"queueUrl": "https://x/1/q",
               "redrivePolicy": json.dumps(
                   {"deadLetterTargetArn": f"{SQS}dlq.fifo", "maxReceiveCount": 3})},
     "redrivePolicy", "standard queue a standard queue"),
    (REDRIVE, {"queueUrl": "https://x/1/q",
               "redrivePolicy": json.dumps(
                   {"deadLetterTargetArn": f"{SQS}dlq", "maxReceiveCount": "3"})},
     "redrivePolicy", "must be an integer"),
    (ALLOW, {"redriveAllowPolicy": '{"redrivePermission": "byQueue"}'}, "redriveAllowPolicy",
     "sourceQueueArns"),
    (ALLOW, {"redriveAllowPolicy": '{"redrivePermission": "some"}'}, "redriveAllowPolicy", "deny"),
    (TOPIC, {"name": "orders topic"}, "name", "ASCII letters"),
    (TOPIC, {"fifoThroughputScope": "Topic"}, "fifoThroughputScope", "FIFO"),
    (TOPIC, {"maximumMessageSize": 2_000_000}, "maximumMessageSize", "1048576"),
    (TOPIC_POLICY, {"policy": policy(Action="sns:CreateTopic", Resource="*")}, "policy", "scope"),
    (SUBSCRIPTION, {"protocol": "sqs", "topic": f"{SNS}t", "endpoint": f"{SQS}q.fifo"},
     "endpoint", "can not be subscribed to standard SNS topics"),
    (SUBSCRIPTION, {"protocol": "https", "topic": f"{SNS}t.fifo", "endpoint": "https://x"},
     "protocol", "SQS queues only"),
    (SUBSCRIPTION, {"protocol": "pigeon"}, "protocol", "pigeon"),
    (SUBSCRIPTION, {"filterPolicy": '{"kind": [{"starts-with": "a"}]}'}, "filterPolicy",
     "Unrecognized match type starts-with"),
    (SUBSCRIPTION, {"filterPolicy": '{"kind": "a"}'}, "filterPolicy", "object or an array"),
    (SUBSCRIPTION, {"filterPolicy": '{"kind": []}'}, "filterPolicy", "Empty arrays"),
    (SUBSCRIPTION, {"filterPolicy": '{"kind": {"deep": ["a"]}}'}, "filterPolicy", "array"),
    (SUBSCRIPTION, {"filterPolicy": '{"n": [{"numeric": ["~", 1]}]}'}, "filterPolicy", "numeric"),
    (SUBSCRIPTION, {"filterPolicy": json.dumps({f"k{n}": ["a"] for n in range(6)})},
     "filterPolicy", "limit is 5"),
    (SUBSCRIPTION, {"filterPolicy": json.dumps({k: list(range(13)) for k in "ab"})},
     "filterPolicy", "169 combinations"),
    (SUBSCRIPTION, {"endpoint": f"{SQS}q",
                    "redrivePolicy": json.dumps({"deadLetterTargetArn": f"{SQS}u.fifo"})},
     "redrivePolicy", "standard queue"),
    (KEY, {"deletionWindowInDays": 6}, "deletionWindowInDays", "7"),
    (KEY, {"rotationPeriodInDays": 365}, "rotationPeriodInDays", "enableKeyRotation"),
    (ALIAS, {"name": "orders"}, "name", "alias/"),
    (ALIAS, {"name": "alias/aws/orders"}, "name", "alias/"),
    (ROLE, {"name": "r" * 65, "assumeRolePolicy": "{}"}, "name", "1 to 64"),
    (ROLE, {"path": "shop"}, "path", "begin and end with /"),
    (ROLE, {"assumeRolePolicy": policy(Action="sts:AssumeRole")}, "assumeRolePolicy", "Resource"),
    (ROLE, {"assumeRolePolicy": policy(Resource=None)}, "assumeRolePolicy", "STS AssumeRole"),
    (ROLE, {"permissionsBoundary": "boundary"}, "permissionsBoundary", "ARN"),
    (ROLE_POLICY, {"policy": policy()}, "policy", "should not specify a principal"),
    (ROLE_POLICY, {"policy": policy(Principal=None, Sid="x" * 10_300)}, "policy", "10240"),
    (ALARM, {"period": 45}, "period", "multiple of 60"),
    (ALARM, {"evaluationPeriods": 2, "datapointsToAlarm": 3}, "datapointsToAlarm", "(2)"),
    (ALARM, {"comparisonOperator": "MoreThan"}, "comparisonOperator", "MoreThan"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "inputs", "name", "reason"), REFUSED)
def test_what_aws_refuses_is_refused(
    client: ProviderClient, type_: str, inputs: dict[str, Any], name: str, reason: str
) -> None:
    _, failures = check(client, type_, **inputs)
    assert [f for f in failures if f.property == name and reason in f.reason], failures


ACCEPTED = [
    (QUEUE, {"visibilityTimeoutSeconds": 43_200, "delaySeconds": 900}),
    (QUEUE, {"fifoQueue": True, "deduplicationScope": "messageGroup",
             "fifoThroughputLimit": "perMessageGroupId"}),
    (QUEUE_POLICY, {"queueUrl": UNKNOWN, "policy": UNKNOWN}),
    (QUEUE_POLICY, {"policy": policy(Action="sqs:*", Principal="*")}),
    (REDRIVE, {"queueUrl": UNKNOWN, "redrivePolicy": UNKNOWN}),
    (SUBSCRIPTION, {"protocol": "sqs", "topic": f"{SNS}t.fifo", "endpoint": f"{SQS}q"}),
    (SUBSCRIPTION, {"filterPolicyScope": "MessageBody",
                    "filterPolicy": '{"data": {"total": [{"numeric": [">=", 10, "<", 20]}]}}'}),
    (SUBSCRIPTION, {"filterPolicy": '{"ce_type": ["a", {"prefix": "b."}, {"anything-but": "c"}]}'}),
    (ROLE, {"path": "/shop/", "assumeRolePolicy": policy(
        Action=["sts:AssumeRole", "sts:TagSession"], Resource=None)}),
    (ROLE_POLICY, {"role": "r", "policy": policy(Principal=None, Action=["sqs:Send*"])}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "inputs"), ACCEPTED)
def test_what_aws_accepts_is_accepted(
    client: ProviderClient, type_: str, inputs: dict[str, Any]
) -> None:
    assert check(client, type_, **inputs)[1] == []


def test_a_preview_create_knows_everything_but_what_aws_will_say(client: ProviderClient) -> None:
    inputs, _ = check(client, TOPIC, name="orders")
    id_, outputs = client.create(urn(TOPIC), inputs, preview=True)
    assert id_ == ""
    assert outputs["name"] == "orders"
    assert outputs["arn"] == UNKNOWN


def diff(olds: dict[str, Any], news: dict[str, Any]) -> Any:
    provider = AwsProvider("http://127.0.0.1:1")
    request = provider_pb2.DiffRequest(
        urn=urn(QUEUE), old_inputs=to_struct(olds), news=to_struct(news)
    )
    return provider.Diff(request, None)


def test_diff_compares_json_by_meaning_and_knows_what_replaces() -> None:
    olds = {"name": "q", "policy": '{"a": 1, "b": 2}', "delaySeconds": 0}
    assert not diff(olds, {**olds, "policy": '{"b":2,"a":1}'}).diffs
    changed = diff(olds, {**olds, "delaySeconds": 5})
    assert (list(changed.diffs), list(changed.replaces)) == (["delaySeconds"], [])
    renamed = diff(olds, {**olds, "name": "r"})
    assert (list(renamed.replaces), renamed.deleteBeforeReplace) == (["name"], False)
    made_fifo = diff(olds, {**olds, "fifoQueue": True})
    assert (list(made_fifo.replaces), made_fifo.deleteBeforeReplace) == (["fifoQueue"], True)


def test_given_inputs_that_prove_nothing_are_named() -> None:
    given = {"topic": "t", "confirmationTimeoutInMinutes": 5, "endpointAutoConfirms": False}
    assert unproven_inputs(SUBSCRIPTION, given) == {
        "confirmationTimeoutInMinutes": "queues need no confirmation"
    }
    assert unproven_inputs("other:index:Thing", {"a": 1}) == {}


def test_an_endpoint_elsewhere_is_refused() -> None:
    endpoints = json.dumps([{"sqs": "https://sqs.eu-west-1.amazonaws.com"}])
    with pytest.raises(ProviderError, match="only talks to this machine"):
        ProviderClient(AwsProvider("http://127.0.0.1:1"), {"endpoints": endpoints})


def test_unknown_types_and_functions_are_named(client: ProviderClient) -> None:
    with pytest.raises(ProviderError, match="no resource type aws:s3/bucket:Bucket"):
        check(client, "aws:s3/bucket:Bucket")
    with pytest.raises(ProviderError, match="no function aws:s3/getBucket:getBucket"):
        client.invoke("aws:s3/getBucket:getBucket", {}, False)


def test_a_policy_document_is_written_as_the_real_function_writes_it(
    client: ProviderClient,
) -> None:
    statement = {
        "actions": ["sqs:SendMessage"],
        "resources": ["b", "a", "b"],
        "principals": [{"type": "Service", "identifiers": ["sns.amazonaws.com"]}],
        "conditions": [{"test": "ArnEquals", "variable": "aws:SourceArn", "values": ["t"]}],
    }
    token = "aws:iam/getPolicyDocument:getPolicyDocument"
    result, _ = client.invoke(token, {"statements": [statement]}, False)
    assert json.loads(result["json"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": ["b", "a"],
            "Principal": {"Service": "sns.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": "t"}},
        }
    ]
