"""What infra/ must hold, so that messages arrive, stay private and are not lost.

Each test holds for every stack. It needs no network, no account and no Pulumi command.
"""

from typing import Any

import pytest

from recorded_stack import INFRA, KEY, QUEUE, TOPIC, Resource, Stack, recorded

RIGHTS = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
SNS = {"Service": "sns.amazonaws.com"}


@pytest.fixture(params=sorted(file.name.split(".")[1] for file in INFRA.glob("Pulumi.*.yaml")))
def stack(request: pytest.FixtureRequest) -> Stack:
    return recorded(request.param)


def redrives(stack: Stack) -> list[tuple[Resource, Resource, Any]]:
    """Each queue with its dead-letter queue, and after how many receives a message goes there."""
    policies = stack.of("aws:sqs/redrivePolicy:RedrivePolicy")
    return [
        (queue, dlq, one.state["redrivePolicy"]["maxReceiveCount"])
        for one in policies
        for queue in stack.of(QUEUE)
        if queue.state["url"] == one.state["queueUrl"]
        if (dlq := stack.at(one.state["redrivePolicy"]["deadLetterTargetArn"]))
    ]


def deliveries(stack: Stack) -> list[tuple[Resource, Resource, Resource]]:
    """Each subscription with its queue and its undelivered queue."""
    found: list[tuple[Resource, Resource, Resource]] = []
    for one in stack.of("aws:sns/topicSubscription:TopicSubscription"):
        queue = stack.at(one.state["endpoint"])
        undelivered = stack.at(one.state.get("redrivePolicy", {}).get("deadLetterTargetArn"))
        assert queue, f"{one.name}: its queue is not in this project"
        assert undelivered, f"{one.name}: no undelivered queue: what SNS cannot hand over is lost"
        found.append((one, queue, undelivered))
    return found


def listed(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def may(rights: Resource, *actions: str) -> set[str]:
    """The ARNs on which an identity is allowed one of the actions."""
    rules = [r for r in rights.state["policy"]["Statement"] if listed(r["Action"]) & set(actions)]
    return {arn for rule in rules for arn in listed(rule["Resource"])}


def denies(stack: Stack, place: Resource, operator: str, key: str) -> bool:
    """Whether a queue or topic refuses everything where the condition on the key holds."""
    actions = {"sqs:*"} if place.type == QUEUE else {"sns:Publish", "sns:Subscribe"}
    rules = [rule for rule in stack.rules(place) if rule["Effect"] == "Deny"]
    rules = [
        rule for rule in rules if rule["Principal"] == "*" and actions <= listed(rule["Action"])
    ]
    rules = [rule for rule in rules if rule["Resource"] == place.state["arn"]]
    return any(key in rule["Condition"].get(operator, {}) for rule in rules)


def test_plain_http_is_refused(stack: Stack) -> None:
    for place in stack.of(QUEUE, TOPIC):
        refused = denies(stack, place, "Bool", "aws:SecureTransport")
        assert refused, f"{place.name}: messages can travel unencrypted; deny plain HTTP"


def test_other_accounts_are_refused(stack: Stack) -> None:
    for place in stack.of(QUEUE, TOPIC):
        refused = denies(stack, place, "StringNotEqualsIfExists", "aws:PrincipalAccount")
        assert refused, f"{place.name}: a later Allow could open it to any account"


def test_nobody_is_let_in_by_a_wildcard(stack: Stack) -> None:
    for place in stack.of(QUEUE, TOPIC, KEY):
        for rule in stack.rules(place):
            anybody = rule["Effect"] == "Allow" and "*" in str(rule["Principal"])
            organisation = "aws:PrincipalOrgID" in rule.get("Condition", {}).get("StringEquals", {})
            assert organisation or not anybody, f"{place.name}: {rule['Sid']} lets anybody in"
    for role in stack.of("aws:iam/role:Role"):
        trusted = str([rule["Principal"] for rule in role.state["assumeRolePolicy"]["Statement"]])
        assert "*" not in trusted, f"{role.name}: anybody can take this role: {trusted}"
        assert ":root" not in trusted, f"{role.name}: the whole account can take it: {trusted}"


def test_every_queue_has_a_way_out_for_failures(stack: Stack) -> None:
    pairs = redrives(stack)
    fine = [queue for pair in pairs for queue in pair[:2]] + [d[2] for d in deliveries(stack)]
    for queue in stack.of(QUEUE):
        assert queue in fine, f"{queue.name}: no dead-letter queue: one bad message comes for ever"
    for queue, _, receives in pairs:
        whole = isinstance(receives, int) and 1 <= receives <= 1000
        assert whole, f"{queue.name}: maxReceiveCount is {receives!r}, not a whole number"


def test_dead_letters_outlive_the_queue(stack: Stack) -> None:
    for queue, dlq, _ in redrives(stack):
        kept, source = dlq.state["messageRetentionSeconds"], queue.state["messageRetentionSeconds"]
        assert kept > source, f"{dlq.name} keeps messages {kept:.0f} s, {queue.name} {source:.0f} s"


def test_only_its_own_queue_fills_a_dead_letter_queue(stack: Stack) -> None:
    allowed = stack.of("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
    for queue, dlq, _ in redrives(stack):
        here = [one for one in allowed if one.state["queueUrl"] == dlq.state["url"]]
        own = {"redrivePermission": "byQueue", "sourceQueueArns": [queue.state["arn"]]}
        fits = [one.state["redriveAllowPolicy"] for one in here] == [own]
        assert fits, f"{dlq.name}: queues other than {queue.name} may use it, or it may not"


def test_the_topic_can_deliver(stack: Stack) -> None:
    for subscription, queue, undelivered in deliveries(stack):
        source = {"aws:SourceArn": subscription.state["topic"]}
        for place in (queue, undelivered):
            what = f"{subscription.name} cannot deliver to {place.name}"
            rules = [
                r for r in stack.rules(place) if (r["Effect"], r["Principal"]) == ("Allow", SNS)
            ]
            fits = any(r["Condition"].get("ArnEquals") == source for r in rules)
            assert fits, f"{what}: no policy lets this topic, and this topic only, send there"
            waits = {policy.urn for policy in stack.policies(place)} & set(subscription.after)
            assert waits, f"{what} at first: the subscription does not wait for that policy"
            if key := stack.at(place.state.get("kmsMasterKeyId", "")):
                rules = [r for r in stack.rules(key) if r["Principal"] == SNS]
                fits = any(r["Condition"].get("ArnEquals") == source for r in rules)
                assert fits, (
                    f"{what}: the policy of the key {key.name} does not let this topic use it"
                )


def test_both_ends_agree(stack: Stack) -> None:
    paths = [(queue, dlq) for queue, dlq, _ in redrives(stack)]
    for subscription, queue, undelivered in deliveries(stack):
        paths += [(queue, undelivered)]
        if topic := stack.at(subscription.state["topic"]):
            paths += [(topic, queue)]
    for start, end in paths:
        kinds = [bool(p.state.get("fifoQueue") or p.state.get("fifoTopic")) for p in (start, end)]
        assert kinds[0] == kinds[1], f"{start.name} and {end.name}: one is FIFO, the other is not"
        sent, taken = (
            p.state.get("maximumMessageSize") or p.state["maxMessageSize"] for p in (start, end)
        )
        assert sent <= taken, f"{start.name} takes larger messages than {end.name}: they are lost"


def test_fifo_queues_are_fast_and_drop_no_look_alikes(stack: Stack) -> None:
    for queue in stack.of(QUEUE):
        if queue.state.get("fifoQueue"):
            pair = queue.state.get("deduplicationScope"), queue.state.get("fifoThroughputLimit")
            fast = pair == ("messageGroup", "perMessageGroupId")
            assert fast, f"{queue.name}: only both settings together give high throughput: {pair}"
            hashed = queue.state.get("contentBasedDeduplication")
            assert not hashed, f"{queue.name}: two events with the same content become one"


def test_keys_are_our_own(stack: Stack) -> None:
    for place in stack.of(QUEUE, TOPIC):
        key = place.state.get("kmsMasterKeyId", "")
        assert "alias/aws/" not in key, f"{place.name}: with {key} no other service can deliver"
        encrypted = key or place.type == TOPIC or place.state.get("sqsManagedSseEnabled")
        assert encrypted, f"{place.name}: messages are not encrypted at rest"
    for key in stack.of(KEY):
        assert key.state.get("enableKeyRotation"), f"{key.name}: is never rotated"


def test_no_identity_fills_and_empties_the_same_queue(stack: Stack) -> None:
    fed = {q.state["arn"]: one.state["topic"] for one, q, _ in deliveries(stack)}
    for rights in stack.of(*RIGHTS):
        emptied = may(rights, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue")
        filled = may(rights, "sqs:SendMessage", "sns:Publish")
        both = [arn for arn in emptied if arn in filled or fed.get(arn) in filled]
        assert not both, f"{rights.name}: producer and consumer in one: {both}"
        for rule in rights.state["policy"]["Statement"]:
            broad = "*" in "".join([*listed(rule["Action"]), *listed(rule["Resource"])])
            assert not broad, f"{rights.name}: {rule['Sid']} allows more than is named"


def test_what_is_kept_is_kept_whole(stack: Stack) -> None:
    places = stack.of(QUEUE, TOPIC, KEY)
    if stack.config.get("keep") == "true" or any(p.protected or p.retained for p in places):
        for place in places:
            kept = place.protected and place.retained
            assert kept, f"{place.name}: can be deleted with the messages in it"


def test_somebody_is_told_of_failures(stack: Stack) -> None:
    alarms = stack.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    if stack.config.get("alarms") == "true" or alarms:
        told = [a.state["dimensions"].get("QueueName") for a in alarms if a.state["alarmActions"]]
        ends = [dlq for _, dlq, _ in redrives(stack)] + [lost for *_, lost in deliveries(stack)]
        for queue in ends:
            assert queue.state["name"] in told, f"{queue.name}: fills up and nobody is told"


def test_outputs_hold_no_secrets(stack: Stack) -> None:
    secret = [name for name, is_secret in stack.secret_outputs.items() if is_secret]
    assert not secret, f"outputs are the environment of the processes; {secret} are secrets"
