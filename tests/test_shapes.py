"""The shapes that cannot change: a flow or a subscriber that is added renames and moves nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from mqscaffold.render import pipeline
from mqscaffold.render.files import File
from mqscaffold.render.spec import read
from tests.record import catalog, graphs, urns

ORDERS: dict[str, Any] = {
    "pattern": "fanout",
    "service": "sns-sqs",
    "prod": {"retention": "7d"},
    "subscribers": {"billing": {}, "shipping": {}},
}
INVOICES: dict[str, Any] = {"pattern": "work-queue", "service": "sqs", "prod": {"delay": "30s"}}
MORE: dict[str, Any] = {**ORDERS, "subscribers": {"audit": {}, "billing": {}, "shipping": {}}}


def files_of(**flows: dict[str, Any]) -> tuple[File, ...]:
    data = {"name": "shop", "flows": flows}
    return pipeline.render(read(data, frozenset({"subscribers"})), catalog()).files


@pytest.fixture(scope="module")
def alone() -> tuple[File, ...]:
    return files_of(orders=ORDERS)


GROWN = [
    pytest.param({"orders": ORDERS, "invoices": INVOICES}, id="a flow after it"),
    pytest.param({"invoices": INVOICES, "orders": ORDERS}, id="a flow before it"),
    pytest.param({"orders": MORE}, id="a subscriber"),
]


@pytest.mark.parametrize("flows", GROWN)
def test_no_file_moves(alone: Sequence[File], flows: dict[str, Any]) -> None:
    grown = {file.path: file for file in files_of(**flows)}
    assert [file.path for file in alone if file.path not in grown] == []
    # What a team has written in is theirs: their files come out the same, byte by byte.
    theirs = [file for file in alone if file.kind == "seeded" and "handlers/" in file.path]
    assert len(theirs) == 2
    assert [file.path for file in theirs if grown[file.path].text != file.text] == []


@pytest.mark.parametrize("flows", GROWN)
def test_no_resource_is_replaced(alone: Sequence[File], flows: dict[str, Any]) -> None:
    gone = set(urns(alone)) - set(urns(files_of(**flows)))
    assert gone == set()


@pytest.mark.parametrize("flows", GROWN)
def test_no_output_and_no_stack_value_is_renamed(
    alone: Sequence[File], flows: dict[str, Any]
) -> None:
    before, after = dict(graphs(alone)), dict(graphs(files_of(**flows)))
    for stack in ("dev", "prod"):
        assert before[stack].secret_outputs.keys() <= after[stack].secret_outputs.keys()
        values = {key: after[stack].config.get(key) for key in before[stack].config}
        assert values == before[stack].config


def test_outputs_are_the_environment(alone: Sequence[File]) -> None:
    """Every variable that the code reads is exported under that very name."""
    _, stack = next(graphs(alone))
    code = "\n".join(file.text for file in alone if file.path.startswith("src/orders/"))
    read_by_code = set(re.findall(r'"(ORDERS_[A-Z_]+)"', code))
    assert read_by_code
    assert read_by_code <= stack.secret_outputs.keys()
    for name in re.findall(r'"(ORDERS_[A-Z_]+)_QUEUE_URL"', code):
        assert {f"{name}_DLQ_URL", f"{name}_UNDELIVERED_URL"} <= stack.secret_outputs.keys()
