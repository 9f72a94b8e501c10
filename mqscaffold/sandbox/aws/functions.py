"""The provider functions (`aws.get_caller_identity` …) that a messaging program calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from mqscaffold.sandbox.aws.kind import Aws
from mqscaffold.sandbox.wire import Props

Function = Callable[[Aws, Props], Props]


def _caller_identity(aws: Aws, args: Props) -> Props:
    found = aws.client("sts").get_caller_identity()
    account = found["Account"]
    return {"accountId": account, "arn": found["Arn"], "userId": found["UserId"], "id": account}


def _region(aws: Aws, args: Props) -> Props:
    name = args.get("region") or args.get("name") or aws.region
    endpoint = f"ec2.{name}.amazonaws.com"
    return {"name": name, "region": name, "id": name, "description": name, "endpoint": endpoint}


def _partition(aws: Aws, args: Props) -> Props:
    return {
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
        "id": "aws",
    }


def _queue(aws: Aws, args: Props) -> Props:
    url = aws.client("sqs").get_queue_url(QueueName=args["name"])["QueueUrl"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    arn = attributes["Attributes"]["QueueArn"]
    return {"id": url, "url": url, "arn": arn, "name": args["name"], "tags": {}}


def _topic(aws: Aws, args: Props) -> Props:
    for page in aws.client("sns").get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            arn = topic["TopicArn"]
            if arn.rsplit(":", 1)[1] == args["name"]:
                return {"id": arn, "arn": arn, "name": args["name"], "tags": {}}
    raise LookupError(f"No topic with name '{args['name']}' found")


def _parameter(aws: Aws, args: Props) -> Props:
    found = aws.client("ssm").get_parameter(
        Name=args["name"], WithDecryption=args.get("withDecryption") is not False
    )["Parameter"]
    open_value = found["Value"] if found["Type"] != "SecureString" else ""
    return {
        "id": found["Name"],
        "arn": found.get("ARN", ""),
        "name": found["Name"],
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": open_value,
        "version": found.get("Version", 1),
    }


def _policy_document(aws: Aws, args: Props) -> Props:
    """Written the way the real function writes it: one value alone, several as a list."""
    given: list[Props] = args.get("statements") or []
    statements = [_statement(one) for one in given]
    document = {"Version": args.get("version") or "2012-10-17", "Statement": statements}
    text = json.dumps(document, separators=(",", ":"))
    return {
        "json": json.dumps(document, indent=2),
        "minifiedJson": text,
        "id": hashlib.sha256(text.encode()).hexdigest()[:10],
        "statements": given,
    }


def _statement(given: Props) -> Props:
    made: Props = {}
    if given.get("sid"):
        made["Sid"] = given["sid"]
    made["Effect"] = given.get("effect") or "Allow"
    for prop, element in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(prop):
            made[element] = _one_or_many(given[prop])
    for prop, element in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(prop):
            made[element] = _principals(given[prop])
    conditions: dict[str, dict[str, list[str]]] = {}
    conditioned: list[Props] = given.get("conditions") or []
    for condition in conditioned:
        tests = conditions.setdefault(condition["test"], {})
        tests.setdefault(condition["variable"], []).extend(condition["values"])
    if conditions:
        made["Condition"] = {
            test: {variable: _one_or_many(values) for variable, values in tests.items()}
            for test, tests in conditions.items()
        }
    return made


def _one_or_many(values: list[str]) -> Any:
    unique = list(dict.fromkeys(values))
    return unique[0] if len(unique) == 1 else sorted(unique, reverse=True)


def _principals(given: list[Props]) -> Any:
    if len(given) == 1 and given[0]["type"] == "*" and given[0]["identifiers"] == ["*"]:
        return "*"
    by_type: dict[str, list[str]] = {}
    for principal in given:
        by_type.setdefault(principal["type"], []).extend(principal["identifiers"])
    return {kind: _one_or_many(values) for kind, values in by_type.items()}


FUNCTIONS: dict[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:sqs/getQueue:getQueue": _queue,
    "aws:sns/getTopic:getTopic": _topic,
    "aws:ssm/getParameter:getParameter": _parameter,
}
