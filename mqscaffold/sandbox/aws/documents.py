"""Policy documents and filter policies: what AWS refuses and an emulator lets through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from mqscaffold.sandbox.aws.kind import Refusal, Refusals, parse_object
from mqscaffold.sandbox.wire import Props

Json = dict[str, Any]
PolicyKind = Literal["resource", "identity", "trust"]

_STATEMENT = frozenset(
    [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ]
)
_VERSIONS = ("2012-10-17", "2008-10-17")
# Actions that name no single topic cannot stand in a topic's policy (a refusal of SNS itself).
_NO_TOPIC = frozenset(
    [
        "createtopic",
        "listtopics",
        "listsubscriptions",
        "unsubscribe",
        "getsubscriptionattributes",
        "setsubscriptionattributes",
        "getsmsattributes",
        "setsmsattributes",
    ]
)


@dataclass(frozen=True)
class PolicyRule:
    """What one service demands of a policy document.

    `limit` is in characters, white space left out as IAM counts it.  Sources:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
    """

    kind: PolicyKind
    limit: int
    service: str = ""
    """For a resource policy: the only service whose actions it may name."""
    statements: int = 1000
    malformed: str = "MalformedPolicyDocument"


QUEUE = PolicyRule("resource", 8192, "sqs", 20, "Invalid value for the parameter Policy")
TOPIC = PolicyRule("resource", 30_720, "sns", 1000, "Invalid parameter: Policy")
KEY = PolicyRule("resource", 32_768, "kms")
INLINE = PolicyRule("identity", 10_240)
MANAGED = PolicyRule("identity", 6144)
TRUST = PolicyRule("trust", 2048)


def check_policy(props: Props, name: str, rule: PolicyRule) -> Refusals:
    """Refuses the policy document in `props[name]`, if AWS would."""
    document, bad = parse_object(props, name)
    if bad is not None:
        yield bad
    if document is not None:
        for reason in policy_problems(document, rule):
            yield Refusal(name, f"{rule.malformed}: {reason}")


def policy_problems(document: Json, rule: PolicyRule) -> Iterable[str]:
    """What is wrong with a policy document, one sentence each."""
    size = len(re.sub(r"\s", "", json.dumps(document, separators=(",", ":"))))
    if size > rule.limit:
        yield f"the policy has {size} characters, the limit is {rule.limit}"
    if document.keys() - {"Version", "Id", "Statement"}:
        yield f"unknown element {sorted(document.keys() - {'Version', 'Id', 'Statement'})[0]}"
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield f"Version must be {_VERSIONS[0]} (or {_VERSIONS[1]})"
    statements = _listed(document.get("Statement"))
    if not statements:
        yield "there is no Statement"
    if len(statements) > rule.statements:
        yield f"{len(statements)} statements, the limit is {rule.statements}"
    objects = [cast("Json", s) for s in statements if isinstance(s, dict)]
    sids = [str(s["Sid"]) for s in objects if s.get("Sid")]
    for sid in sorted({sid for sid in sids if sids.count(sid) > 1}):
        yield f"Statement IDs (SID) in a single policy must be unique: {sid}"
    for statement in statements:
        if isinstance(statement, dict):
            yield from _statement_problems(cast("Json", statement), rule)
        else:
            yield "a Statement must be an object"


def _statement_problems(statement: Json, rule: PolicyRule) -> Iterable[str]:
    where = f"statement {statement.get('Sid') or '(no Sid)'}"
    for name in sorted(statement.keys() - _STATEMENT):
        yield f"{where}: unknown element {name}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"{where}: Effect must be Allow or Deny"
    for one in ("Action", "Principal", "Resource"):
        if one in statement and f"Not{one}" in statement:
            yield f"{where}: {one} and Not{one} exclude each other"
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    if not actions:
        yield f"{where}: Policy statement must contain actions"
    for action in actions:
        yield from (f"{where}: {text}" for text in _action_problems(action, rule))
    principal = "Principal" in statement or "NotPrincipal" in statement
    resource = "Resource" in statement or "NotResource" in statement
    if rule.kind == "identity" and principal:
        yield f"{where}: Policy document should not specify a principal"
    if rule.kind != "identity" and not principal:
        yield f"{where}: Policy statement must contain a principal"
    if rule.kind == "trust" and resource:
        yield f"{where}: Has prohibited field Resource"
    if rule.kind != "trust" and not resource:
        yield f"{where}: Policy statement must contain resources"
    for arn in _texts(statement.get("Resource", statement.get("NotResource"))):
        if arn != "*" and not arn.startswith("arn:"):
            yield f'{where}: Resource {arn} must be in ARN format or "*"'
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(
        isinstance(test, dict) for test in cast("Json", condition).values()
    ):
        yield f"{where}: Condition must be an object of objects"


def _action_problems(action: str, rule: PolicyRule) -> Iterable[str]:
    service, _, verb = action.partition(":")
    if action != "*" and not (verb and re.fullmatch(r"[\w-]+:[\w*?]+", action)):
        yield f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2: {action}"
        return
    lower = service.lower()
    if rule.service and action != "*" and lower != rule.service:
        yield f"Policy statement action out of service scope: {action}"
    if rule.service == "sns" and verb.lower() in _NO_TOPIC:
        yield f"Policy statement action out of service scope: {action}"
    if rule.kind == "trust" and lower != "sts":
        yield f"AssumeRole policy may only specify STS AssumeRole actions: {action}"


def check_redrive(props: Props, name: str, fifo: bool | None, *, counted: bool) -> Refusals:
    """Refuses a redrive policy.

    Args:
        fifo: whether the source is FIFO; None if that is not known yet.
        counted: whether it has a maxReceiveCount (a queue's has, a subscription's has not).
    """
    policy, bad = parse_object(props, name)
    if bad is not None:
        yield bad
    if policy is None:
        return
    target = policy.get("deadLetterTargetArn")
    if not (isinstance(target, str) and re.fullmatch(r"arn:[\w-]+:sqs:[\w-]+:\d{12}:.+", target)):
        yield Refusal(name, "deadLetterTargetArn must be the ARN of an SQS queue")
        return
    if fifo is not None and target.endswith(".fifo") != fifo:
        yield Refusal(
            name,
            "the dead-letter queue of a FIFO queue must also be a FIFO queue, and that of a "
            f"standard queue a standard queue: {target}",
        )
    count = policy.get("maxReceiveCount")
    # A JSON number: SQS also takes its text form, but the real provider does not.
    whole = isinstance(count, int) and not isinstance(count, bool)
    if counted and not (whole and 1 <= cast("int", count) <= 1000):
        yield Refusal(name, f"maxReceiveCount must be an integer from 1 to 1000, got {count}")


def check_redrive_allow(props: Props, name: str) -> Refusals:
    """Refuses a redrive-allow policy.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    """
    policy, bad = parse_object(props, name)
    if bad is not None:
        yield bad
    if policy is None:
        return
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        yield Refusal(name, "redrivePermission must be allowAll, denyAll or byQueue")
    elif permission == "byQueue" and not (
        isinstance(sources, list) and 1 <= len(cast("list[Any]", sources)) <= 10
    ):
        yield Refusal(name, "byQueue needs 1 to 10 sourceQueueArns")
    elif permission != "byQueue" and sources:
        yield Refusal(name, "sourceQueueArns can only be given with byQueue")


_OPERATORS = frozenset(
    [
        "prefix",
        "suffix",
        "anything-but",
        "numeric",
        "exists",
        "equals-ignore-case",
        "cidr",
        "wildcard",
    ]
)


def check_filter(props: Props, name: str, *, nested: bool) -> Refusals:
    """Refuses a filter policy: unknown operators, too many keys or combinations.

    https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    """
    policy, bad = parse_object(props, name)
    if bad is not None:
        yield bad
    if policy is None:
        return
    keys: list[int] = []
    for reason in _filter_problems(policy, keys, nested=nested, path=""):
        yield Refusal(name, f"FilterPolicy: {reason}")
    combinations = 1
    for count in keys:
        combinations *= count
    if len(keys) > 5:
        yield Refusal(name, f"FilterPolicy: {len(keys)} keys, the limit is 5")
    if combinations > 150:
        yield Refusal(name, f"FilterPolicy is too complex: {combinations} combinations, limit 150")


def _filter_problems(
    policy: Mapping[str, Any], keys: list[int], *, nested: bool, path: str
) -> Iterable[str]:
    for key, rule in policy.items():
        here = f"{path}{key}"
        if key == "$or" and isinstance(rule, list):
            for branch in cast("list[Any]", rule):
                if isinstance(branch, dict):
                    yield from _filter_problems(cast("Json", branch), [], nested=nested, path=path)
        elif isinstance(rule, list):
            values = cast("list[Any]", rule)
            keys.append(len(values))
            if not values:
                yield f"Empty arrays are not allowed: {here}"
            for value in values:
                yield from _match_problems(value, here)
        elif isinstance(rule, dict) and nested:
            yield from _filter_problems(cast("Json", rule), keys, nested=True, path=f"{here}.")
        else:
            yield f'"{here}" must be an object or an array'


def _match_problems(value: Any, here: str) -> Iterable[str]:
    if isinstance(value, list):
        yield f"Match value must be String, number, true, false, or null: {here}"
    if not isinstance(value, dict):
        return
    match = cast("Json", value)
    if len(match) != 1:
        yield f"Only one key allowed in match expression: {here}"
    for operator, operand in match.items():
        if operator not in _OPERATORS:
            yield f"Unrecognized match type {operator}: {here}"
        elif operator == "exists" and not isinstance(operand, bool):
            yield f"exists match pattern must be either true or false: {here}"
        elif operator == "numeric" and not _numeric(operand):
            yield f"Bad numeric range operator: {here}"
        elif operator in ("prefix", "suffix", "equals-ignore-case", "wildcard") and not isinstance(
            operand, str
        ):
            yield f"{operator} match pattern must be a string: {here}"


def _numeric(operand: Any) -> bool:
    if not isinstance(operand, list):
        return False
    parts = cast("list[Any]", operand)
    signs, values = parts[::2], parts[1::2]
    return (
        len(parts) in (2, 4)
        and all(sign in ("=", "<", "<=", ">", ">=") for sign in signs)
        and all(isinstance(v, int | float) and abs(v) <= 1e9 for v in values)
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    return [item for item in _listed(value) if isinstance(item, str)]
