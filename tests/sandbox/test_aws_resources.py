"""Each resource type's whole life on MiniStack: created, read back, changed, removed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from mqscaffold.sandbox import environments, ministack
from mqscaffold.sandbox.aws.provider import KINDS, AwsProvider
from mqscaffold.sandbox.process import Family, clean_environment
from mqscaffold.sandbox.provider_client import ProviderClient, ProviderError
from mqscaffold.sandbox.run import MINISTACK
from mqscaffold.sandbox.wire import to_struct

pytestmark = pytest.mark.sandbox

TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
RIGHT = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass
class Cloud:
    """A provider on MiniStack, and the resources that others refer to."""

    servicer: AwsProvider
    client: ProviderClient
    made: dict[str, dict[str, Any]]

    def create(self, type_: str, name: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
        urn = f"urn:pulumi:dev::shop::{type_}::{name}"
        checked, failures = self.client.check(urn, {}, inputs, name.encode())
        assert failures == []
        id_, outputs = self.client.create(urn, checked, False)
        return id_, {**outputs, "_inputs": checked, "_urn": urn}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    python = environments.ensure(MINISTACK, environments.cache_directory(), print)
    with Family(clean_environment()) as family:
        url = ministack.start(family, str(python)).url
        servicer = AwsProvider(url)
        tags = json.dumps({"tags": {"app": "shop"}})
        client = ProviderClient(servicer, {"region": "eu-west-1", "defaultTags": tags})
        made = Cloud(servicer, client, {})
        for name, type_ in (("queue", "aws:sqs/queue:Queue"), ("topic", "aws:sns/topic:Topic")):
            made.made[name] = made.create(type_, f"base-{name}")[1]
        made.made["key"] = made.create("aws:kms/key:Key", "base-key")[1]
        trust = document({**TRUST, "Action": "sts:AssumeRole"})
        made.made["role"] = made.create("aws:iam/role:Role", "base-role", assumeRolePolicy=trust)[1]
        made.made["policy"] = made.create(
            "aws:iam/policy:Policy", "base-policy", policy=document(RIGHT)
        )[1]
        yield made


def cases(made: dict[str, dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By type: inputs, and the inputs that are changed afterwards."""
    queue, topic = made["queue"], made["topic"]
    allow = {"Principal": {"Service": "sns.amazonaws.com"}, **RIGHT, "Resource": queue["arn"]}
    publish = {"Principal": "*", **RIGHT, "Action": "sns:Publish", "Resource": topic["arn"]}
    redrive = {"deadLetterTargetArn": queue["arn"], "maxReceiveCount": 3}
    filters = [json.dumps({"ce_type": [name]}) for name in ("a", "b")]
    return {
        "aws:sqs/queue:Queue": ({"delaySeconds": 1, "tags": {"a": "b"}}, {"delaySeconds": 2}),
        "aws:sqs/queuePolicy:QueuePolicy": (
            {"queueUrl": queue["url"], "policy": document(allow)},
            {"policy": document({**allow, "Sid": "Two"})},
        ),
        "aws:sqs/redrivePolicy:RedrivePolicy": (
            {"queueUrl": queue["url"], "redrivePolicy": json.dumps(redrive)},
            {"redrivePolicy": json.dumps({**redrive, "maxReceiveCount": 4})},
        ),
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": (
            {"queueUrl": queue["url"], "redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
            {"redriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
        ),
        "aws:sns/topic:Topic": ({"displayName": "one"}, {"displayName": "two"}),
        "aws:sns/topicPolicy:TopicPolicy": (
            {"arn": topic["arn"], "policy": document(publish)},
            {"policy": document({**publish, "Sid": "Two"})},
        ),
        "aws:sns/topicSubscription:TopicSubscription": (
            {
                "topic": topic["arn"],
                "protocol": "sqs",
                "endpoint": queue["arn"],
                "rawMessageDelivery": True,
                "filterPolicy": filters[0],
            },
            {"filterPolicy": filters[1]},
        ),
        "aws:kms/key:Key": (
            {"description": "one", "enableKeyRotation": True, "rotationPeriodInDays": 365},
            {"description": "two"},
        ),
        "aws:kms/alias:Alias": ({"targetKeyId": made["key"]["keyId"]}, {}),
        "aws:iam/role:Role": (
            {"assumeRolePolicy": document({**TRUST, "Action": "sts:AssumeRole"}), "path": "/shop/"},
            {"assumeRolePolicy": document({**TRUST, "Sid": "Two", "Action": "sts:AssumeRole"})},
        ),
        "aws:iam/rolePolicy:RolePolicy": (
            {"role": made["role"]["name"], "policy": document(RIGHT)},
            {"policy": document({**RIGHT, "Action": "sqs:ReceiveMessage"})},
        ),
        "aws:iam/policy:Policy": (
            {"policy": document(RIGHT)},
            {"policy": document({**RIGHT, "Action": "sqs:ReceiveMessage"})},
        ),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
            {"role": made["role"]["name"], "policyArn": made["policy"]["arn"]},
            {},
        ),
        "aws:cloudwatch/metricAlarm:MetricAlarm": (
            {
                "comparisonOperator": "GreaterThanThreshold",
                "evaluationPeriods": 1,
                "metricName": "ApproximateAgeOfOldestMessage",
                "namespace": "AWS/SQS",
                "period": 60,
                "statistic": "Maximum",
                "threshold": 300,
                "dimensions": {"QueueName": "q"},
                "alarmActions": [topic["arn"]],
            },
            {"threshold": 600},
        ),
    }


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_a_resource_lives_and_dies(cloud: Cloud, type_: str) -> None:
    inputs, change = cases(cloud.made)[type_]
    id_, outputs = cloud.create(type_, "subject", **inputs)
    urn, checked = outputs["_urn"], outputs["_inputs"]
    if KINDS[type_].tagged:
        assert outputs["tagsAll"]["app"] == "shop"

    read = cloud.client.read(urn, id_, checked)
    assert read is not None
    assert differences(cloud, urn, checked, read[0]) == []

    if change:
        changed = {**checked, **change}
        assert differences(cloud, urn, checked, changed) == sorted(change)
        update = provider_pb2.UpdateRequest(
            id=id_, urn=urn, old_inputs=to_struct(checked), news=to_struct(changed)
        )
        cloud.servicer.Update(update, None)
        read = cloud.client.read(urn, id_, changed)
        assert read is not None
        assert differences(cloud, urn, changed, read[0]) == []

    delete = provider_pb2.DeleteRequest(id=id_, urn=urn, properties=to_struct(checked))
    cloud.servicer.Delete(delete, None)
    if type_ not in ("aws:sns/topicPolicy:TopicPolicy",):  # a topic always has one
        assert cloud.client.read(urn, id_, checked) is None


def differences(cloud: Cloud, urn: str, olds: Any, news: Any) -> list[str]:
    request = provider_pb2.DiffRequest(urn=urn, old_inputs=to_struct(olds), news=to_struct(news))
    return list(cloud.servicer.Diff(request, None).diffs)


def test_what_a_service_refuses_reaches_the_program(cloud: Cloud) -> None:
    with pytest.raises(ProviderError, match="Topic does not exist"):
        cloud.create(
            "aws:sns/topicSubscription:TopicSubscription",
            "lost",
            topic="arn:aws:sns:eu-west-1:000000000000:nowhere",
            protocol="sqs",
            endpoint=cloud.made["queue"]["arn"],
        )


def test_functions_answer(cloud: Cloud) -> None:
    def call(token: str, **args: Any) -> dict[str, Any]:
        return cloud.client.invoke(token, args, False)[0]

    assert call("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "000000000000"
    assert call("aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert call("aws:index/getPartition:getPartition")["partition"] == "aws"
    queue = call("aws:sqs/getQueue:getQueue", name=cloud.made["queue"]["name"])
    assert queue["arn"] == cloud.made["queue"]["arn"]
    topic = call("aws:sns/getTopic:getTopic", name=cloud.made["topic"]["name"])
    assert topic["arn"] == cloud.made["topic"]["arn"]
    with pytest.raises(ProviderError, match="No topic with name"):
        call("aws:sns/getTopic:getTopic", name="nowhere")


def test_only_allowed_accounts_are_worked_in(cloud: Cloud) -> None:
    endpoint = cloud.client._servicer._endpoint
    allowed = json.dumps(["111122223333"])
    with pytest.raises(ProviderError, match="AWS account ID not allowed: 000000000000"):
        ProviderClient(AwsProvider(endpoint), {"allowedAccountIds": allowed})
    ProviderClient(AwsProvider(endpoint, ("111122223333", "test")), {"allowedAccountIds": allowed})
