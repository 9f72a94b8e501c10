"""A managed IAM policy, for teams that make their roles elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .documents import merged


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    policies: Sequence[pulumi.Input[str]]
    """Policy documents; the policy allows what all of them allow together."""
    path: str = "/"
    """The IAM path, such as "/shop/"."""


class Policy(pulumi.ComponentResource):
    """The policy, attached to nothing: give its ARN to the role of the process it is named for."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: PolicyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:Policy", name, None, opts)
        policy = aws.iam.Policy(
            name,
            policy=merged(args.policies),
            path=args.path,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})
