"""Each rule of the catalog is violated once, by its own example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mqscaffold.catalog.load import load
from mqscaffold.errors import UserError
from mqscaffold.render import Request, plan

CATALOG = load()


def _answers(example: Mapping[str, Any]) -> dict[str, Any]:
    answers = dict(example)
    subscribers = answers.get("subscribers")
    if isinstance(subscribers, int):
        answers["subscribers"] = [f"s{number}" for number in range(subscribers)]
    elif isinstance(subscribers, str):
        answers["subscribers"] = [name for name in subscribers.split(",") if name]
    return answers


@pytest.mark.parametrize("rule", CATALOG.rules, ids=lambda rule: rule.name)
def test_every_rule_refuses_its_own_example(rule: Any) -> None:
    pattern = {"filtered": "content-router"}.get(rule.feature, "fanout")
    if rule.when and "work-queue" in rule.when.text:
        pattern = "work-queue"
    request = Request(
        name="orders", pattern=pattern, service="sns-sqs", answers=_answers(rule.example)
    )
    with pytest.raises(UserError) as caught:
        plan(request, CATALOG)
    error = caught.value
    assert f"(rule {rule.name})" in (error.where or ""), error.lines()
    assert rule.why in error.message
    assert error.command == rule.fix
    for name in rule.needs.names & set(rule.example):
        assert name in error.message


def test_a_rule_is_checked_for_each_subscriber_and_each_stack() -> None:
    with pytest.raises(UserError) as caught:
        plan(
            Request(
                name="orders",
                pattern="fanout",
                service="sns-sqs",
                sets=(("prod/subscribers.shipping.retention", "14d"),),
            ),
            CATALOG,
        )
    assert (
        caught.value.where
        == "prod/orders:subscribers.shipping (rule dead-letters-outlive-messages)"
    )


def test_the_defaults_break_no_rule() -> None:
    for pattern, service in [("fanout", "sns-sqs"), ("work-queue", "sqs"), ("ordered", "sqs")]:
        plan(Request(name="orders", pattern=pattern, service=service), CATALOG)
