"""What AWS caps and the catalog's rules keep within: checked at the rules' own limits."""

from __future__ import annotations

import json

import pytest

from mqscaffold.render import Request, pipeline
from tests.record import catalog, graphs

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: white space is free.
INLINE_OF_A_ROLE, MANAGED = 10_240, 6_144


@pytest.mark.parametrize(
    ("identities", "subscribers", "kind", "limit"),
    [
        ("roles", 20, "aws:iam/rolePolicy:RolePolicy", INLINE_OF_A_ROLE),
        ("policies", 12, "aws:iam/policy:Policy", MANAGED),
    ],
)
def test_the_operators_policy_fits(
    identities: str, subscribers: int, kind: str, limit: int
) -> None:
    names = [f"{'x' * 27}-{number:02}" for number in range(subscribers)]
    answers = {
        "subscribers": names,
        "identities": identities,
        "fifo": True,
        "cmk": True,
        "region": "ap-southeast-2",
    }
    request = Request(
        name="a-flow-with-a-long-name", pattern="fanout", service="sns-sqs", answers=answers
    )
    files = pipeline.new(request, catalog()).files
    for _, graph in graphs(files):
        found = [r for r in graph.resources if r.type == kind and "operator" in r.name]
        assert found
        for policy in found:
            text = json.dumps(policy.state["policy"], separators=(",", ":"))
            assert len(text) <= limit


def test_a_project_within_the_rules_stays_below_30_resources_on_dev() -> None:
    request = Request(name="orders", pattern="fanout", service="sns-sqs")
    dev, _ = pipeline.new(request, catalog()).plan.described.stacks
    assert dev.resources <= 30
