"""The checks that every project carries: they pass on what is emitted, and each can fail."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from infra_programs import FANOUT, PROD, SUBSCRIBER_ONLY, WORK_QUEUE

import test_infra as emitted
from recorded_stack import Resource, Stack

Run = Callable[..., Stack]
Check = Callable[[Stack], None]

CHECKS: list[Check] = [found for name, found in vars(emitted).items() if name.startswith("test_")]
SUBSCRIPTION = ("topicSubscription:TopicSubscription", "orders-billing-subscription")
QUEUE = ("queue:Queue", "orders-billing")
DLQ = ("queue:Queue", "orders-billing-dlq")
UNDELIVERED = ("queue:Queue", "orders-billing-undelivered")
QUEUE_POLICY = ("queuePolicy:QueuePolicy", "orders-billing-policy")
DLQ_POLICY = ("queuePolicy:QueuePolicy", "orders-billing-dlq-policy")
UNDELIVERED_POLICY = ("queuePolicy:QueuePolicy", "orders-billing-undelivered-policy")
TOPIC = ("topic:Topic", "orders")
TOPIC_POLICY = ("topicPolicy:TopicPolicy", "orders-policy")
QUEUE_KEY = ("key:Key", "orders-billing-key")
REDRIVE = ("redrivePolicy:RedrivePolicy", "orders-billing-redrive")
ALLOW = ("redriveAllowPolicy:RedriveAllowPolicy", "orders-billing-redrive-allow")
ROLE = ("role:Role", "orders-producer")
PRODUCER = ("rolePolicy:RolePolicy", "orders-producer-policy")
CONSUMER = ("rolePolicy:RolePolicy", "orders-billing-policy")
Which = tuple[str, str]
State = dict[str, Any]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    ("source", "values"),
    [
        (FANOUT, {}),
        (FANOUT, {"fifo": True, "large": True, "org": "o-a1b2c3d4e5"}),
        (FANOUT, {"cmk": True, **PROD}),
        (WORK_QUEUE, {}),
        (WORK_QUEUE, PROD),
        (FANOUT + WORK_QUEUE.replace('"alarms"', '"alarms-2"', 1), {}),
        (SUBSCRIBER_ONLY, {"topic": "arn:aws:sns:eu-west-1:210987654321:orders"}),
        (SUBSCRIBER_ONLY, {"topic": "ssm:/shop/orders/topic-arn"}),
        (SUBSCRIBER_ONLY, {"topic": "stack:acme/orders/prod#ORDERS_TOPIC_ARN"}),
    ],
)
def test_every_check_passes_on_what_is_emitted(
    run: Run, check: Check, source: str, values: dict[str, Any]
) -> None:
    check(run(source, **values))


def find(stack: Stack, which: Which) -> Resource:
    kind, name = which
    return next(r for r in stack.resources if r.type.endswith(f"/{kind}") and r.name == name)


def edit(which: Which, change: Callable[[State], object]) -> Callable[[Stack], None]:
    """The program as if one resource had been written differently."""

    def broken(stack: Stack) -> None:
        change(find(stack, which).state)

    return broken


def drop(which: Which) -> Callable[[Stack], None]:
    return lambda stack: stack.resources.remove(find(stack, which))


def option(which: Which, **options: Any) -> Callable[[Stack], None]:
    def change(stack: Stack) -> None:
        index = stack.resources.index(find(stack, which))
        stack.resources[index] = replace(stack.resources[index], **options)

    return change


def rule(sid: str, **changes: Any) -> Callable[[State], object]:
    """One statement of the resource's policy, changed."""

    def change(state: State) -> None:
        (found,) = [r for r in state["policy"]["Statement"] if r["Sid"] == sid]
        found.update(changes)

    return change


def without(sid: str) -> Callable[[State], object]:
    def change(state: State) -> None:
        rules = state["policy"]["Statement"]
        assert sid in {r["Sid"] for r in rules}
        state["policy"]["Statement"] = [r for r in rules if r["Sid"] != sid]

    return change


def also(action: str, arn_of: str) -> Callable[[State], object]:
    def change(state: State) -> None:
        kind = action.split(":")[0]
        arn = f"arn:aws:{kind}:eu-west-1:123456789012:{arn_of}-1a2b3c4"
        extra = {"Sid": "Extra", "Effect": "Allow", "Action": [action], "Resource": [arn]}
        state["policy"]["Statement"].append(extra)

    return change


def put(**values: Any) -> Callable[[State], object]:
    return lambda state: state.update(values)


OTHER_TOPIC = {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:eu-west-1:123456789012:other"}}
ANYBODY = {"Effect": "Allow", "Principal": {"AWS": "*"}}
WHOLE_ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}

BREAKAGES: list[tuple[str, Callable[[Stack], None], Check, str]] = [
    (
        "http",
        edit(QUEUE_POLICY, without("DenyPlaintext")),
        emitted.test_plain_http_is_refused,
        "orders-billing: messages can travel unencrypted",
    ),
    (
        "http-dlq",
        drop(DLQ_POLICY),
        emitted.test_plain_http_is_refused,
        "orders-billing-dlq: messages can",
    ),
    (
        "http-undelivered",
        edit(UNDELIVERED_POLICY, rule("DenyPlaintext", Action=["sqs:SendMessage"])),
        emitted.test_plain_http_is_refused,
        "orders-billing-undelivered: messages can",
    ),
    (
        "http-topic",
        edit(TOPIC_POLICY, rule("DenyPlaintext", Effect="Allow")),
        emitted.test_plain_http_is_refused,
        "orders: messages can",
    ),
    (
        "boundary",
        edit(TOPIC_POLICY, without("DenyOtherAccounts")),
        emitted.test_other_accounts_are_refused,
        "orders: a later Allow",
    ),
    (
        "wildcard",
        edit(QUEUE_POLICY, rule("DeliverFromTopic", **ANYBODY)),
        emitted.test_nobody_is_let_in_by_a_wildcard,
        "DeliverFromTopic lets anybody in",
    ),
    (
        "wildcard-key",
        edit(QUEUE_KEY, rule("ServiceMayUseTheKey", **ANYBODY)),
        emitted.test_nobody_is_let_in_by_a_wildcard,
        "ServiceMayUseTheKey lets anybody in",
    ),
    (
        "trust",
        edit(ROLE, lambda s: s["assumeRolePolicy"]["Statement"][0].update(Principal="*")),
        emitted.test_nobody_is_let_in_by_a_wildcard,
        "anybody can take this role",
    ),
    (
        "trust-account",
        edit(ROLE, lambda s: s["assumeRolePolicy"]["Statement"][0].update(Principal=WHOLE_ACCOUNT)),
        emitted.test_nobody_is_let_in_by_a_wildcard,
        "the whole account can take it",
    ),
    (
        "no-dlq",
        drop(REDRIVE),
        emitted.test_every_queue_has_a_way_out_for_failures,
        "orders-billing-dlq: no dead-letter queue|orders-billing: no dead-letter queue",
    ),
    (
        "receives-as-text",
        edit(REDRIVE, lambda s: s["redrivePolicy"].update(maxReceiveCount="9")),
        emitted.test_every_queue_has_a_way_out_for_failures,
        "maxReceiveCount is '9'",
    ),
    (
        "retention",
        edit(DLQ, put(messageRetentionSeconds=345_600)),
        emitted.test_dead_letters_outlive_the_queue,
        "orders-billing-dlq keeps messages 345600 s",
    ),
    (
        "redrive-allow",
        drop(ALLOW),
        emitted.test_only_its_own_queue_fills_a_dead_letter_queue,
        "orders-billing-dlq: queues other than orders-billing",
    ),
    (
        "redrive-allow-all",
        edit(ALLOW, put(redriveAllowPolicy={"redrivePermission": "allowAll"})),
        emitted.test_only_its_own_queue_fills_a_dead_letter_queue,
        "orders-billing-dlq: queues other than orders-billing",
    ),
    (
        "delivery",
        edit(QUEUE_POLICY, without("DeliverFromTopic")),
        emitted.test_the_topic_can_deliver,
        "cannot deliver to orders-billing: no policy",
    ),
    (
        "delivery-of-another-topic",
        edit(UNDELIVERED_POLICY, rule("DeliverFromTopic", Condition=OTHER_TOPIC)),
        emitted.test_the_topic_can_deliver,
        "cannot deliver to orders-billing-undelivered: no policy",
    ),
    (
        "delivery-key",
        edit(QUEUE_KEY, without("ServiceMayUseTheKey")),
        emitted.test_the_topic_can_deliver,
        "the key orders-billing-key does not let this topic",
    ),
    (
        "delivery-too-early",
        option(SUBSCRIPTION, after=()),
        emitted.test_the_topic_can_deliver,
        "the subscription does not wait",
    ),
    (
        "no-undelivered",
        edit(SUBSCRIPTION, lambda s: s.pop("redrivePolicy")),
        emitted.test_the_topic_can_deliver,
        "no undelivered queue",
    ),
    (
        "fifo-dlq",
        edit(QUEUE, put(fifoQueue=True)),
        emitted.test_both_ends_agree,
        "orders-billing-dlq: one is FIFO, the other is not",
    ),
    (
        "fifo-topic",
        edit(TOPIC, put(fifoTopic=True)),
        emitted.test_both_ends_agree,
        "orders and orders-billing: one is FIFO",
    ),
    (
        "size-queue",
        edit(TOPIC, put(maximumMessageSize=1_048_576)),
        emitted.test_both_ends_agree,
        "orders takes larger messages than orders-billing",
    ),
    (
        "size-dlq",
        edit(DLQ, put(maxMessageSize=1_024)),
        emitted.test_both_ends_agree,
        "orders-billing takes larger messages than orders-billing-dlq",
    ),
    (
        "size-undelivered",
        edit(UNDELIVERED, put(maxMessageSize=1_024)),
        emitted.test_both_ends_agree,
        "orders-billing takes larger messages than orders-billing-undelivered",
    ),
    (
        "aws-key",
        edit(QUEUE, put(kmsMasterKeyId="alias/aws/sqs")),
        emitted.test_keys_are_our_own,
        "with alias/aws/sqs no other service can deliver",
    ),
    (
        "no-encryption",
        edit(DLQ, put(kmsMasterKeyId="", sqsManagedSseEnabled=False)),
        emitted.test_keys_are_our_own,
        "orders-billing-dlq: messages are not encrypted",
    ),
    (
        "rotation",
        edit(QUEUE_KEY, put(enableKeyRotation=False)),
        emitted.test_keys_are_our_own,
        "orders-billing-key: is never rotated",
    ),
    (
        "producer-reads",
        edit(PRODUCER, also("sqs:ReceiveMessage", "orders-billing")),
        emitted.test_no_identity_fills_and_empties_the_same_queue,
        "orders-producer-policy: producer and consumer in one",
    ),
    (
        "consumer-sends",
        edit(CONSUMER, also("sqs:SendMessage", "orders-billing")),
        emitted.test_no_identity_fills_and_empties_the_same_queue,
        "orders-billing-policy: producer and consumer in one",
    ),
    (
        "consumer-publishes",
        edit(CONSUMER, also("sns:Publish", "orders")),
        emitted.test_no_identity_fills_and_empties_the_same_queue,
        "orders-billing-policy: producer and consumer in one",
    ),
    (
        "wide-action",
        edit(CONSUMER, rule("Receive", Action=["sqs:*"])),
        emitted.test_no_identity_fills_and_empties_the_same_queue,
        "Receive allows more than is named",
    ),
    (
        "wide-resource",
        edit(PRODUCER, rule("Publish", Resource=["*"])),
        emitted.test_no_identity_fills_and_empties_the_same_queue,
        "Publish allows more than is named",
    ),
    (
        "not-protected",
        option(UNDELIVERED, protected=False),
        emitted.test_what_is_kept_is_kept_whole,
        "orders-billing-undelivered: can be deleted",
    ),
    (
        "not-retained",
        option(QUEUE_KEY, retained=False),
        emitted.test_what_is_kept_is_kept_whole,
        "orders-billing-key: can be deleted",
    ),
    (
        "no-alarm",
        drop(("metricAlarm:MetricAlarm", "orders-billing-dlq-depth")),
        emitted.test_somebody_is_told_of_failures,
        "orders-billing-dlq: fills up and nobody is told",
    ),
    (
        "silent-alarm",
        edit(("metricAlarm:MetricAlarm", "orders-billing-undelivered-depth"), put(alarmActions=[])),
        emitted.test_somebody_is_told_of_failures,
        "orders-billing-undelivered: fills up and nobody is told",
    ),
    (
        "secret-output",
        lambda stack: stack.secret_outputs.update(ORDERS_KEY=True),
        emitted.test_outputs_hold_no_secrets,
        "ORDERS_KEY",
    ),
]


@pytest.mark.parametrize(
    ("breakage", "check", "says"),
    [row[1:] for row in BREAKAGES],
    ids=[row[0] for row in BREAKAGES],
)
def test_a_broken_program_is_found(
    run: Run, breakage: Callable[[Stack], None], check: Check, says: str
) -> None:
    stack = copy.deepcopy(run(FANOUT, cmk=True, **PROD))
    breakage(stack)
    with pytest.raises(AssertionError, match=says):
        check(stack)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"deduplicationScope": "queue"}, "only both settings together"),
        ({"fifoThroughputLimit": "perQueue"}, "only both settings together"),
        ({"contentBasedDeduplication": True}, "same content become one"),
    ],
)
def test_a_slow_or_forgetful_fifo_queue_is_found(
    run: Run, values: dict[str, Any], says: str
) -> None:
    stack = copy.deepcopy(run(FANOUT, fifo=True))
    find(stack, QUEUE).state.update(values)
    with pytest.raises(AssertionError, match=says):
        emitted.test_fifo_queues_are_fast_and_drop_no_look_alikes(stack)


def test_every_check_is_shown_to_fail() -> None:
    shown = {check for _, _, check, _ in BREAKAGES}
    shown.add(emitted.test_fifo_queues_are_fast_and_drop_no_look_alikes)
    assert shown == set(CHECKS)


def test_what_the_stack_asks_for_is_demanded(run: Run) -> None:
    """Nothing kept and nobody told is fine, unless the stack's own values say otherwise."""
    stack = copy.deepcopy(run(FANOUT))
    stack.config.update(keep="true", alarms="true")
    with pytest.raises(AssertionError, match="can be deleted"):
        emitted.test_what_is_kept_is_kept_whole(stack)
    with pytest.raises(AssertionError, match="nobody is told"):
        emitted.test_somebody_is_told_of_failures(stack)
