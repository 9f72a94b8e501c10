"""A topic that somebody else owns: this project only subscribes to it."""

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

TOPIC_ARN = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class ExistingTopicArgs:
    reference: str
    """Where the topic's ARN is found: the ARN itself, "ssm:/path/of/parameter" (a String
    parameter) or "stack:organisation/project/stack#OUTPUT"."""


class ExistingTopic(pulumi.ComponentResource):
    """Looks up the ARN and makes nothing."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ExistingTopicArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("messaging:aws:ExistingTopic", name, None, opts)
        kind, _, place = args.reference.partition(":")
        if kind == "ssm":
            parameter = aws.ssm.get_parameter_output(
                name=place, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            # An ARN is no secret; `value` would hide it, and with it every policy that names it.
            found = parameter.apply(lambda result: result.insecure_value)
        elif kind == "stack":
            stack, _, output = place.partition("#")
            other = pulumi.StackReference(
                name, stack_name=stack, opts=pulumi.ResourceOptions(parent=self)
            )
            found = other.require_output(output)
        else:
            found = pulumi.Output.from_input(args.reference)
        self.arn = found.apply(lambda value: _checked(args.reference, value))
        self.register_outputs({"arn": self.arn})


def _checked(reference: str, value: object) -> str:
    if isinstance(value, str) and TOPIC_ARN.fullmatch(value):
        return value
    raise ValueError(f'"{reference}" does not lead to the ARN of an SNS topic')
