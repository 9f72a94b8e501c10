"""Credentials of the roles that the program itself created."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from mqscaffold.errors import UserError
from mqscaffold.sandbox.aws.kind import Aws
from mqscaffold.sandbox.deployment import Deployment
from mqscaffold.sandbox.ministack import ROOT_KEY

ROLE = "aws:iam/role:Role"


@dataclass(frozen=True)
class Identity:
    """Who a process is.  `role` is the role's name, empty for the sandbox's root."""

    role: str
    access_key: str
    secret_key: str
    token: str = ""

    def environment(self, url: str, region: str) -> dict[str, str]:
        """What botocore reads: the credentials, where AWS is, and the region."""
        env = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }
        return {**env, "AWS_SESSION_TOKEN": self.token} if self.token else env


def root(account: str = "") -> Identity:
    """The sandbox's root, of the account with this number or of MiniStack's own."""
    return Identity("", account or ROOT_KEY, ROOT_KEY)


def assume(aws: Aws, deployment: Deployment, name: str) -> Identity:
    """Credentials of the role with this logical name.

    The role trusts a service (ECS tasks, say) under conditions that nobody here can meet, so root
    is let in for the length of the call.  What the role may do is the program's own.

    Raises:
        UserError: the program made no such role.
    """
    role = deployment.find(ROLE, name)
    if role is None:
        raise UserError(f"the program has no IAM role '{name}'", where="infra/__main__.py")
    iam: Any = aws.client("iam")
    with _trusted(iam, role.id, str(role.inputs["assumeRolePolicy"]), role.outputs["arn"]):
        given = aws.client("sts").assume_role(
            RoleArn=role.outputs["arn"], RoleSessionName="mqscaffold-try"
        )["Credentials"]
    return Identity(name, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@contextlib.contextmanager
def _trusted(iam: Any, role: str, trust: str, arn: str) -> Generator[None]:
    account = arn.split(":")[4]
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
