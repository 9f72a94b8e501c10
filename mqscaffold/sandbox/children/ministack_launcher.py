# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false
# MiniStack is only in the environment that runs this file.
"""Starts MiniStack; run by the interpreter of its own environment.

Two of its answers would make a right project fail here, so they are put right on the way in.  All
else is MiniStack's own; what cannot be shown with it is in the report.
"""

from typing import Any

from ministack import app
from ministack.core import iam_actions

# A batch needs the right of the single call; IAM has no actions of these names.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
SINGLE = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}

server: Any = app
actions: Any = iam_actions
pin_request_origin = server.pin_request_origin
extract_iam_action = actions.extract_iam_action


def _as_if_tls(address: str, secure: bool) -> None:
    # Emitted policies refuse plain HTTP, as they must, and on loopback there is no TLS here.
    pin_request_origin(address, True)


def _single_action(*args: Any, **kwargs: Any) -> Any:
    action = extract_iam_action(*args, **kwargs)
    return SINGLE.get(action, action)


server.pin_request_origin = _as_if_tls
actions.extract_iam_action = _single_action
server.main()
