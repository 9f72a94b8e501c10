"""Who may do what: the policies of queues, topics and keys, the roles, and who takes them."""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from infra_programs import FANOUT, PROD, SUBSCRIBER_ONLY, WORK_QUEUE

from recorded_stack import QUEUE, Resource, Stack

Run = Callable[..., Stack]
merge = import_module("components.documents").merge
trust = import_module("components.role").trust

OWN = "123456789012"
ROLE = """
from components import *
Role("app", RoleArgs(policies=['{"Statement": []}'], assumed_by=%r, path="/shop/"))
"""


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:eu-west-1:{OWN}:{name}-1a2b3c4"


def named(stack: Stack, kind: str, name: str) -> Resource:
    return next(r for r in stack.resources if r.type.endswith(f"/{kind}") and r.name == name)


def grants(stack: Stack, role: str) -> dict[str, tuple[list[str], list[str]]]:
    """Sid -> actions and resources of a role's one inline policy."""
    policy = named(stack, "rolePolicy:RolePolicy", f"{role}-policy").state["policy"]
    return {r["Sid"]: (r["Action"], r["Resource"]) for r in policy["Statement"]}


SEND = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
RECEIVE = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
]
KEY_USE = ["kms:Decrypt", "kms:GenerateDataKey"]


def test_rights_of_a_fanout(run: Run) -> None:
    stack = run(FANOUT)
    assert grants(stack, "orders-producer") == {
        "Publish": (["sns:Publish", "sns:GetTopicAttributes"], [arn("sns", "orders")])
    }
    assert grants(stack, "orders-billing") == {
        "Receive": (RECEIVE, [arn("sqs", "orders-billing")]),
        "DeadLetter": (["sqs:SendMessage"], [arn("sqs", "orders-billing-dlq")]),
    }
    both = ("orders-billing", "orders-shipping")
    failed = [arn("sqs", f"{name}-{end}") for name in both for end in ("dlq", "undelivered")]
    assert grants(stack, "orders-operator") == {
        "LookAndPurge": ([*RECEIVE, "sqs:PurgeQueue"], failed),
        "SendBack": (SEND, [arn("sqs", name) for name in both]),
    }


def test_rights_of_a_work_queue(run: Run) -> None:
    stack = run(WORK_QUEUE)
    assert grants(stack, "jobs-producer") == {"Send": (SEND, [arn("sqs", "jobs")])}
    assert grants(stack, "jobs-consumer") == {
        "Receive": (RECEIVE, [arn("sqs", "jobs")]),
        "DeadLetter": (["sqs:SendMessage"], [arn("sqs", "jobs-dlq")]),
    }


def test_a_customer_key_brings_the_right_to_use_it(run: Run) -> None:
    stack = run(FANOUT, cmk=True)
    assert grants(stack, "orders-producer")["UseTopicKey"] == (KEY_USE, [arn("kms", "orders-key")])
    own_key = (KEY_USE, [arn("kms", "orders-billing-key")])
    assert grants(stack, "orders-billing")["UseQueueKey"] == own_key
    keys = [arn("kms", f"orders-{name}-key") for name in ("billing", "shipping")]
    assert grants(stack, "orders-operator")["UseQueueKey"] == (KEY_USE, keys)


def test_key_policies(run: Run) -> None:
    stack = run(FANOUT, cmk=True)
    for name in ("orders", "orders-billing", "orders-shipping"):
        key = named(stack, "key:Key", f"{name}-key")
        first, *others = key.state["policy"]["Statement"]
        assert first["Principal"] == {"AWS": f"arn:aws:iam::{OWN}:root"}
        assert (key.state["enableKeyRotation"], key.state["deletionWindowInDays"]) == (True, 30)
        if name == "orders":
            assert not others  # producers come with their own IAM policy
            continue
        (grant,) = others
        assert grant["Principal"] == {"Service": "sns.amazonaws.com"}
        assert grant["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
        assert grant["Condition"] == {
            "ArnEquals": {"aws:SourceArn": arn("sns", "orders")},
            "StringEqualsIfExists": {"aws:SourceAccount": OWN},
        }
    for queue in stack.of(QUEUE):
        owner = "-".join(queue.name.split("-")[:2])
        assert queue.state["kmsMasterKeyId"] == arn("kms", f"{owner}-key")
        assert "sqsManagedSseEnabled" not in queue.state


def test_the_key_admits_a_topic_of_another_account(run: Run) -> None:
    source = SUBSCRIBER_ONLY.replace("topic_arn=topic.arn", "topic_arn=topic.arn, cmk=True")
    stack = run(source, topic="arn:aws-us-gov:sns:us-gov-west-1:210987654321:orders")
    (grant,) = named(stack, "key:Key", "audit-audit-key").state["policy"]["Statement"][1:]
    assert grant["Condition"]["StringEqualsIfExists"] == {"aws:SourceAccount": "210987654321"}


def test_an_organisation_may_subscribe_queues_and_nothing_else(run: Run) -> None:
    policy = named(run(FANOUT, org="o-a1b2c3d4e5"), "topicPolicy:TopicPolicy", "orders-policy")
    rules = {r["Sid"]: r for r in policy.state["policy"]["Statement"]}
    assert set(rules) == {"DenyPlaintext", "DenyOtherOrganisations", "SubscribeFromOrganisation"}
    allow = rules["SubscribeFromOrganisation"]
    assert allow["Action"] == "sns:Subscribe"
    only = {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "sns:Protocol": "sqs"}
    assert allow["Condition"] == {"StringEquals": only}
    assert rules["DenyOtherOrganisations"]["Condition"]["StringNotEqualsIfExists"] == {
        "aws:PrincipalAccount": OWN,
        "aws:PrincipalOrgID": "o-a1b2c3d4e5",
    }


def test_alarms_reach_their_encrypted_topic(run: Run) -> None:
    stack = run(WORK_QUEUE, **PROD)
    own = {"StringEquals": {"aws:SourceAccount": OWN}}
    for kind, name in (("key:Key", "alarms-key"), ("topicPolicy:TopicPolicy", "alarms-policy")):
        rules = named(stack, kind, name).state["policy"]["Statement"]
        (grant,) = [r for r in rules if r["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert grant["Condition"] == own
    alarms = [r for r in stack.resources if r.type.endswith(":MetricAlarm")]
    assert {r.name for r in alarms} == {"jobs-dlq-depth", "jobs-age", "jobs-in-flight"}
    for alarm in alarms:
        assert alarm.state["treatMissingData"] == "notBreaching"
        assert alarm.state["alarmActions"] == alarm.state["okActions"] == [arn("sns", "alarms")]


def threshold(stack: Stack, alarm: str) -> int:
    return named(stack, "metricAlarm:MetricAlarm", alarm).state["threshold"]


def test_the_age_alarm_of_a_fifo_queue_leaves_room_for_the_retries(run: Run) -> None:
    assert threshold(run(WORK_QUEUE, alarms=True), "jobs-age") == 300
    for receives, seconds in ((3, 300 + 5 + 10), (9, 300 + 1275), (11, 3375), (1000, 3600)):
        extra = f"fifo=True, max_receive_count={receives}, keep=keep"
        source = WORK_QUEUE.replace("keep=keep, alarm", f"{extra}, alarm")
        assert threshold(run(source, alarms=True), "jobs-age") == seconds


@pytest.mark.parametrize(
    ("scope", "metric"),
    [("attributes", "InvalidAttributes"), ("body", "InvalidMessageBody")],
)
def test_only_a_filter_has_an_alarm_on_what_it_cannot_read(
    run: Run, scope: str, metric: str
) -> None:
    source = FANOUT.replace("filter_policy=wanted", f'filter_policy=wanted, filter_scope="{scope}"')
    stack = run(source, alarms=True)
    (alarm,) = [r for r in stack.resources if "FilteredOut" in r.state.get("metricName", "")]
    assert alarm.name == "orders-shipping-unreadable"
    assert alarm.state["metricName"] == f"NumberOfNotificationsFilteredOut-{metric}"
    assert alarm.state["dimensions"] == {"TopicName": "orders-1a2b3c4"}


def test_the_alarm_topic_can_be_exported_where_there_is_none(run: Run) -> None:
    source = WORK_QUEUE + 'pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)\n'
    for alarms in (False, True):
        assert run(source, alarms=alarms).secret_outputs["ALARMS_TOPIC_ARN"] is False


@pytest.mark.parametrize(
    ("assumed_by", "principal", "action", "condition"),
    [
        (
            "ecs-tasks.amazonaws.com",
            {"Service": "ecs-tasks.amazonaws.com"},
            ["sts:AssumeRole"],
            {"StringEquals": {"aws:SourceAccount": OWN}},
        ),
        (
            "pods.eks.amazonaws.com",
            {"Service": "pods.eks.amazonaws.com"},
            ["sts:AssumeRole", "sts:TagSession"],
            None,
        ),
        (
            "lambda.amazonaws.com",
            {"Service": "lambda.amazonaws.com"},
            ["sts:AssumeRole"],
            None,
        ),
        (
            "arn:aws:iam::210987654321:role/ci/deploy",
            {"AWS": "arn:aws:iam::210987654321:role/ci/deploy"},
            "sts:AssumeRole",
            None,
        ),
        (
            f"oidc:arn:aws:iam::{OWN}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC:"
            "system:serviceaccount:shop:billing",
            {
                "Federated": f"arn:aws:iam::{OWN}:oidc-provider/"
                "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
            },
            "sts:AssumeRoleWithWebIdentity",
            {
                "StringEquals": {
                    "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com",
                    "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": (
                        "system:serviceaccount:shop:billing"
                    ),
                }
            },
        ),
    ],
    ids=["ecs", "eks", "lambda", "role", "oidc"],
)
def test_who_takes_the_role(
    run: Run, assumed_by: str, principal: dict[str, str], action: Any, condition: Any
) -> None:
    role = named(run(ROLE % assumed_by), "role:Role", "app")
    (rule,) = role.state["assumeRolePolicy"]["Statement"]
    assert (rule["Principal"], rule["Action"]) == (principal, action)
    assert rule.get("Condition") == condition
    assert role.state["path"] == "/shop/"


@pytest.mark.parametrize(
    "assumed_by",
    [
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:iam::123456789012:user/anna",
        "123456789012",
        "*",
        "oidc:arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        "oidc:arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com:",
        "oidc:arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com:repo:*",
        "oidc:token.actions.githubusercontent.com:repo:acme/shop",
    ],
)
def test_nobody_too_broad_takes_the_role(assumed_by: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        trust(assumed_by, None)


def test_boundary_and_path(run: Run) -> None:
    boundary = f"arn:aws:iam::{OWN}:policy/developers"
    source = (ROLE % "lambda.amazonaws.com").replace(
        'path="/shop/"', f'path="/shop/", permissions_boundary_arn="{boundary}"'
    )
    role = named(run(source), "role:Role", "app")
    assert (role.state["permissionsBoundary"], role.state["path"]) == (boundary, "/shop/")


def test_a_policy_for_teams_that_own_their_roles(run: Run) -> None:
    source = WORK_QUEUE.replace("Role(", "Policy(").replace("RoleArgs(", "PolicyArgs(")
    stack = run(source)
    policy = named(stack, "policy:Policy", "jobs-consumer").state["policy"]
    assert [rule["Sid"] for rule in policy["Statement"]] == ["Receive", "DeadLetter"]
    assert not [r for r in stack.resources if r.type.endswith(":Role")]


@pytest.mark.parametrize("reference", ["orders", "arn:aws:sqs:eu-west-1:123456789012:orders"])
def test_only_a_topic_is_an_existing_topic(run: Run, reference: str) -> None:
    with pytest.raises(ValueError, match="does not lead to the ARN of an SNS topic"):
        run(SUBSCRIBER_ONLY, topic=reference)


def test_the_filter_and_its_scope(run: Run) -> None:
    wanted = named(
        run(FANOUT), "topicSubscription:TopicSubscription", "orders-shipping-subscription"
    )
    assert json.loads(wanted.state["filterPolicy"]) == {"ce_type": ["order.placed"]}
    assert wanted.state["filterPolicyScope"] == "MessageAttributes"
    body = FANOUT.replace("filter_policy=wanted", 'filter_policy=wanted, filter_scope="body"')
    scoped = named(run(body), "topicSubscription:TopicSubscription", "orders-shipping-subscription")
    assert scoped.state["filterPolicyScope"] == "MessageBody"
    with pytest.raises(ValueError, match='"attributes" or "body", not "header"'):
        run(body.replace('"body"', '"header"'))


@pytest.mark.parametrize("keep", [False, True])
def test_each_child_is_kept_or_none_is(run: Run, keep: bool) -> None:
    """Pulumi hands `protect` down to children and `retain_on_delete` not."""
    stack = run(FANOUT, cmk=True, keep=keep, alarms=True)
    lasting = [r for r in stack.resources if r.type.endswith((":Queue", ":Topic", ":Key"))]
    assert len(lasting) == 6 + 2 + 4
    assert {(r.protected, r.retained) for r in lasting} == {(keep, keep)}
    others = [r for r in stack.resources if r not in lasting]
    assert not any(r.protected or r.retained for r in others)


def statement(sid: str, actions: list[str], resource: Any) -> str:
    rule = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [rule]})


def test_merged_documents_allow_the_same_and_no_sid_occurs_twice() -> None:
    text = merge(
        [
            statement("Read", ["sqs:ReceiveMessage"], "a"),
            statement("Read", ["sqs:ReceiveMessage"], ["b", "a"]),
            statement("Read", ["sns:Publish"], "c"),
            statement("Read2", ["kms:Decrypt"], "d"),
        ]
    )
    rules = [(r["Sid"], r["Action"], r["Resource"]) for r in json.loads(text)["Statement"]]
    assert rules == [
        ("Read", ["sqs:ReceiveMessage"], ["a", "b"]),
        ("Read2", ["sns:Publish"], ["c"]),
        ("Read22", ["kms:Decrypt"], ["d"]),
    ]
