"""The IAM role of one process: who may take it, and what it may do then."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .documents import Statement, account_id, document, merged

# Services that say for which account they take a role, so that the role can insist on its own:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
SAY_THEIR_ACCOUNT = frozenset({"ecs-tasks.amazonaws.com"})
# Services that tag the session they open:
# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
TAG_THE_SESSION = frozenset({"pods.eks.amazonaws.com"})


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    policies: Sequence[pulumi.Input[str]]
    """Policy documents; the role may do what all of them allow together."""
    assumed_by: str = "ecs-tasks.amazonaws.com"
    """Who takes the role: a service such as "lambda.amazonaws.com" or "pods.eks.amazonaws.com",
    the ARN of an IAM role, or "oidc:<provider ARN>:<subject>"."""
    permissions_boundary_arn: str | None = None
    """The most that this role may ever do, if the account demands one."""
    path: str = "/"
    """The IAM path, such as "/shop/"."""


class Role(pulumi.ComponentResource):
    """The role and one inline policy that holds all of its statements."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:Role", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            assume_role_policy=document([trust(args.assumed_by, self)]),
            permissions_boundary=args.permissions_boundary_arn,
            path=args.path,
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=merged(args.policies), opts=child
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def trust(assumed_by: str, asker: pulumi.Resource) -> Statement:
    """The one statement of the role's trust policy. Raises ValueError for anybody too broad."""
    statement: dict[str, object] = {"Sid": "Assume", "Effect": "Allow"}
    kind, _, rest = assumed_by.partition(":")
    if kind == "oidc":
        provider, subject = _provider_and_subject(rest)
        issuer = provider.partition("oidc-provider/")[2]
        statement["Principal"] = {"Federated": provider}
        statement["Action"] = "sts:AssumeRoleWithWebIdentity"
        statement["Condition"] = {
            "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject}
        }
    elif kind == "arn":
        if ":role/" not in assumed_by or "*" in assumed_by:
            raise ValueError(f'"{assumed_by}" is not the ARN of one IAM role')
        statement["Principal"] = {"AWS": assumed_by}
        statement["Action"] = "sts:AssumeRole"
    else:
        if ".amazonaws.com" not in assumed_by:
            raise ValueError(f'"{assumed_by}" is no service, no role ARN and no "oidc:…"')
        tags = ["sts:TagSession"] if assumed_by in TAG_THE_SESSION else []
        statement["Principal"] = {"Service": assumed_by}
        statement["Action"] = ["sts:AssumeRole", *tags]
        if assumed_by in SAY_THEIR_ACCOUNT:
            statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id(asker)}}
    return statement


def _provider_and_subject(text: str) -> tuple[str, str]:
    """The ARN of an OIDC provider holds five colons; what follows it is the subject."""
    fields = text.split(":", 6)
    if len(fields) != 7 or not fields[5].startswith("oidc-provider/") or not fields[6]:
        raise ValueError(f'"oidc:{text}" is not "oidc:<provider ARN>:<subject>"')
    if "*" in fields[6] or "?" in fields[6]:
        raise ValueError(f'the subject "{fields[6]}" is compared as it stands: name one subject')
    return ":".join(fields[:6]), fields[6]
