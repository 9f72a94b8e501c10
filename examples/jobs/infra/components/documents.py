"""Policy documents: the statements that several components share, and how documents are joined.

Everything here builds JSON and makes no resource. A document is an output of JSON text, so a
component can offer one ("publish_policy") and a Role or Policy can take any number of them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

Statement = Mapping[str, Any]

# What can be done with a topic. A topic policy is refused if it says sns:* instead.
# https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
TOPIC_ACTIONS = (
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
)
QUEUE_ACTIONS = ("sqs:*",)  # a shorter list leaves the other actions open to plain HTTP


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The statements as one policy document. Values may be outputs."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def merge(documents: Sequence[str]) -> str:
    """One document that allows what all the documents allow.

    Statements that differ in nothing but their resources become one; a Sid that two different
    statements use gets a number, because a Sid may occur once in a document.
    """
    merged: list[dict[str, Any]] = []
    for statement in (found for text in documents for found in json.loads(text)["Statement"]):
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else list(resources)
        rest = {key: value for key, value in statement.items() if key != "Resource"}
        for known in merged:
            if {key: value for key, value in known.items() if key != "Resource"} == rest:
                known["Resource"] += [arn for arn in resources if arn not in known["Resource"]]
                break
        else:
            merged.append({**rest, "Resource": resources})
    used: set[str] = set()
    for statement in merged:
        sid, number = str(statement.get("Sid", "Statement")), 2
        statement["Sid"] = sid
        while statement["Sid"] in used:
            statement["Sid"], number = f"{sid}{number}", number + 1
        used.add(statement["Sid"])
    return json.dumps({"Version": "2012-10-17", "Statement": merged})


def merged(documents: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """Like `merge`, for documents that are known only when the stack is deployed."""
    return pulumi.Output.all(*documents).apply(merge)


def account_id(asker: pulumi.Resource) -> pulumi.Output[str]:
    """The account that the asking component deploys to."""
    identity = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=asker))
    return identity.apply(lambda caller: caller.account_id)


def account_root(asker: pulumi.Resource) -> pulumi.Output[str]:
    """The ARN of that account, in whichever partition it lives (aws, aws-cn, aws-us-gov)."""
    identity = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=asker))
    return identity.apply(
        lambda caller: f"arn:{caller.arn.split(':')[1]}:iam::{caller.account_id}:root"
    )


def owner(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """The account in an ARN: an existing topic may belong to another account."""
    return pulumi.Output.from_input(arn).apply(lambda text: text.split(":")[4])


def allow(
    sid: str,
    actions: Sequence[str],
    resource: pulumi.Input[str] | Sequence[pulumi.Input[str]],
) -> Statement:
    """One right, for an identity policy."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def deny_plaintext(actions: Sequence[str], resource: pulumi.Input[str]) -> Statement:
    """Nobody may use the resource over plain HTTP."""
    return {
        "Sid": "DenyPlaintext",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def deny_outsiders(
    actions: Sequence[str],
    resource: pulumi.Input[str],
    account: pulumi.Input[str],
    org_id: str | None = None,
) -> Statement:
    """Only principals of the account (or organisation) and AWS services may use the resource.

    It allows nothing; it keeps a later, too generous Allow inside the boundary. The keys are
    those of a data perimeter. A service that acts for a resource names it in aws:SourceArn.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
    """
    boundary: dict[str, pulumi.Input[str]] = {"aws:PrincipalAccount": account}
    if org_id is not None:
        boundary["aws:PrincipalOrgID"] = org_id
    return {
        "Sid": "DenyOtherOrganisations" if org_id else "DenyOtherAccounts",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": resource,
        "Condition": {
            "StringNotEqualsIfExists": boundary,
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            "Null": {"aws:SourceArn": "true"},
        },
    }


def key_use(key_arn: pulumi.Input[str] | None, sid: str) -> list[Statement]:
    """What a sender or receiver needs of a customer key: sending needs Decrypt too, because the
    service checks the data key it reuses. Nothing when there is no such key.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    if key_arn is None:
        return []
    return [allow(sid, ("kms:Decrypt", "kms:GenerateDataKey"), key_arn)]
