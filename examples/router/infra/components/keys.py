"""A customer key of the project's own, for one topic or for one group of queues.

Never one key for a topic and its queues: each key policy names who may use it, and a shared one
would have to name both ends, which is circular. Never the AWS-managed `alias/aws/sns` or
`alias/aws/sqs`: their policy cannot be changed, so no other service could deliver through them.
"""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .documents import Statement, account_root, document


def customer_key(
    name: str,
    description: str,
    grants: Sequence[Statement],
    *,
    keep: bool,
    parent: pulumi.Resource,
) -> aws.kms.Key:
    """A symmetric key that rotates each year; `grants` are statements for AWS services.

    The account administers the key, which leaves each principal's right to use it to its own
    IAM policy. It costs one US dollar a month, two after the first rotation and three from the
    second one on: https://aws.amazon.com/kms/pricing/
    30 days is the longest time in which a deletion can be taken back:
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    """
    administer: Statement = {
        "Sid": "AccountDecidesThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": account_root(parent)},
        "Action": "kms:*",
        "Resource": "*",  # in a key policy: this key
    }
    return aws.kms.Key(
        name,
        description=description,
        enable_key_rotation=True,
        rotation_period_in_days=365,
        deletion_window_in_days=30,
        policy=document([administer, *grants]),
        opts=pulumi.ResourceOptions(
            parent=parent, protect=keep or None, retain_on_delete=keep or None
        ),
    )


def service_grant(service: str, condition: Statement) -> Statement:
    """Lets an AWS service encrypt and decrypt, and only under the condition."""
    return {
        "Sid": "ServiceMayUseTheKey",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",  # in a key policy: this key
        "Condition": condition,
    }
