"""asyncapi.yaml: valid against the official schema, and true to the project."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mqscaffold.render.asyncapi import asyncapi, document
from mqscaffold.render.context import Project, Topic
from tests.projects import (
    FANOUT,
    FIFO,
    ORDER_PLACED,
    ORDERS,
    PROJECTS,
    PUBLISHER_ONLY,
    SUBSCRIBER_ONLY,
)

SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "asyncapi-3.0.0.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)

projects = pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)


def errors(value: Any) -> list[str]:
    return [
        f"{list(error.absolute_path)}: {error.message}" for error in VALIDATOR.iter_errors(value)
    ]


@projects
def test_valid(project: Project) -> None:
    value = yaml.safe_load(asyncapi(project))
    assert value == document(project)
    assert errors(value) == []


def test_the_official_schema_can_fail() -> None:
    value = document(FANOUT)
    del value["channels"]["orders"]["bindings"]["sns"]["name"]
    assert errors(value)
    assert errors({**document(FANOUT), "asyncapi": "2.6.0"})


def resolve(value: Any, reference: str) -> Any:
    for name in reference.removeprefix("#/").split("/"):
        value = value[name.replace("~1", "/").replace("~0", "~")]
    return value


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if "$ref" in value else []
        return found + [ref for item in value.values() for ref in references(item)]
    if isinstance(value, list):
        return [ref for item in value for ref in references(item)]
    return []


@projects
def test_every_reference_leads_somewhere(project: Project) -> None:
    value = document(project)
    found = references(value)
    schemas = {
        f"./{flow.schemas}/{event.type}.json" for flow in project.flows for event in flow.events
    }
    assert found
    for reference in found:
        if reference.startswith("#/"):
            resolve(value, reference)
        else:
            assert reference in schemas


@projects
def test_examples_fit_their_schema(project: Project) -> None:
    for message in document(project)["components"]["messages"].values():
        payload = message["payload"]
        payload["properties"]["data"] = ORDER_PLACED.schema
        for example in message["examples"]:
            jsonschema.Draft7Validator(payload).validate(example["payload"])


def test_who_sends_and_who_receives() -> None:
    def actions(project: Project) -> set[str]:
        return set(document(project)["operations"])

    assert actions(FANOUT) == {
        "orders-send",
        "orders-billing-receive",
        "orders-eu-shipping-receive",
    }
    assert actions(PUBLISHER_ONLY) == {"orders-send"}
    assert actions(SUBSCRIBER_ONLY) == {"audit-audit-receive"}


def test_the_queue_is_described_as_it_is_made() -> None:
    queue = document(FIFO)["channels"]["orders-eu-shipping"]["bindings"]["sqs"]["queue"]
    assert queue["fifoQueue"] is True
    assert queue["redrivePolicy"]["maxReceiveCount"] == 1000


def test_filters_that_the_binding_knows_are_shown() -> None:
    def shown(policy: dict[str, Any]) -> Any:
        consumer = replace(ORDERS.consumers[0], filter=policy, filter_scope="body")
        flow = replace(ORDERS, consumers=(consumer,))
        value = document(replace(FANOUT, flows=(flow,)))
        assert errors(value) == []
        return value["operations"]["orders-send"]["bindings"]["sns"]["consumers"][0]

    known = shown({"type": ["order.placed"]})
    assert known["filterPolicy"] == {"type": ["order.placed"]}
    assert known["filterPolicyScope"] == "MessageBody"
    assert "filterPolicy" not in shown({"total": [{"numeric": [">", 1]}]})


def test_the_address_of_an_existing_topic_is_its_arn() -> None:
    arn = "arn:aws:sns:eu-west-1:111122223333:orders"
    flow = replace(SUBSCRIBER_ONLY.flows[0], topic=Topic(variable="AUDIT_TOPIC_ARN", reference=arn))
    assert document(replace(SUBSCRIBER_ONLY, flows=(flow,)))["channels"]["audit"]["address"] == arn
    assert document(SUBSCRIBER_ONLY)["channels"]["audit"]["address"] is None
