"""JSON Schemas become typed classes that read and write what the schema says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mqscaffold.errors import UserError
from mqscaffold.render.events import class_name, events_module

ROOT = Path(__file__).resolve().parents[1]

LINE = {
    "type": "object",
    "required": ["sku"],
    "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
}
ORDER: dict[str, Any] = {
    "type": "object",
    "description": 'A "first" order.',
    "required": ["order_id", "total_cents", "state", "lines", "tags", "gift", "weight"],
    "properties": {
        "order_id": {"type": "string", "x-key": True, "description": "Which order."},
        "total_cents": {"type": "integer"},
        "state": {"type": "string", "enum": ["new", "paid"]},
        "lines": {"type": "array", "items": LINE},
        "tags": {"type": "array", "items": {"type": "string"}},
        "gift": {"type": "boolean"},
        "weight": {"type": "number"},
        "note": {"type": "string"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
DATA = {
    "order_id": "o-1",
    "total_cents": 5,
    "state": "paid",
    "lines": [{"sku": "a"}, {"sku": "b", "count": 2}],
    "tags": ["x"],
    "gift": False,
    "weight": 1.5,
    "note": "soon",
    "address": {"city": "Bern"},
}


def _module(schema: dict[str, Any]) -> str:
    file = "schemas/orders/order.placed.json"
    return events_module({"order.placed": schema}, {"order.placed": file})


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "templates"))
    names: dict[str, Any] = {"__name__": "events"}
    monkeypatch.setitem(sys.modules, "events", type(sys)("events"))
    exec(compile(_module(ORDER), "events.py", "exec"), names)
    return names["OrderPlaced"]


def test_an_event_reads_and_writes_the_same_json(placed: Any) -> None:
    event = placed.from_json(DATA)
    assert event.to_json() == DATA
    assert event.key == "o-1"
    assert event.lines[1].count == 2
    assert placed.TYPE == "order.placed"


def test_an_unknown_field_is_ignored_and_an_absent_one_may_stay_away(placed: Any) -> None:
    kept = {name: value for name, value in DATA.items() if name not in ("note", "address")}
    event = placed.from_json({**kept, "later": 1})
    assert event.note is None
    assert event.to_json() == kept


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"order_id": None}, "data.order_id is not a string"),
        ({"total_cents": True}, "data.total_cents is not an integer"),
        ({"total_cents": 1.5}, "data.total_cents is not an integer"),
        ({"state": "lost"}, "data.state is none of the values it may have"),
        ({"lines": {}}, "data.lines is not an array"),
        ({"lines": [{}]}, "data.lines[0].sku is missing"),
        ({"gift": 0}, "data.gift is not a boolean"),
        ({"weight": "1"}, "data.weight is not a number"),
        ({"address": []}, "data.address is not an object"),
    ],
)
def test_a_wrong_field_is_named(placed: Any, change: dict[str, Any], says: str) -> None:
    from messaging import InvalidEvent

    with pytest.raises(InvalidEvent) as caught:
        placed.from_json({**DATA, **change})
    assert str(caught.value) == says


def test_a_missing_field_is_named_and_its_value_never_shown(placed: Any) -> None:
    from messaging import InvalidEvent

    data = {name: value for name, value in DATA.items() if name != "total_cents"}
    with pytest.raises(InvalidEvent, match=r"^data\.total_cents is missing$"):
        placed.from_json(data)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "string"}, "an event's data is an object"),
        ({"type": "object", "minProperties": 1}, "the keyword 'minProperties' is not read"),
        ({"type": "object", "properties": {"class": {"type": "string"}}}, "'class' is no name"),
        ({"type": "object", "properties": {"key": {"type": "string"}}}, "the class itself uses"),
        ({"type": "object", "required": ["a"]}, "a is required but has no schema"),
        ({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, "is not read"),
        ({"type": "object", "properties": {"a": {"type": "integer", "enum": [1]}}}, "strings only"),
        (
            {"type": "object", "properties": {"a": {"type": "string", "x-key": True}}},
            "required string",
        ),
    ],
)
def test_what_would_not_be_checked_is_refused(schema: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        _module(schema)
    assert says in caught.value.message
    assert (caught.value.where or "").startswith("schemas/orders/order.placed.json, $")


def test_class_names() -> None:
    assert class_name("order.placed") == "OrderPlaced"
    assert class_name("user.signed_up") == "UserSignedUp"


def test_the_module_is_formatted_and_lint_clean(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ruff]\nline-length = 100\ntarget-version = "py311"\n'
        'lint.select = ["E", "F", "I", "UP", "B"]\n'
    )
    bare = {"type": "object", "properties": {}}
    for number, schema in enumerate((ORDER, LINE | {"required": ["sku", "count"]}, bare)):
        (tmp_path / f"events{number}.py").write_text(_module(schema))
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--check", "--diff"], ["check", "--no-cache"]):
        done = subprocess.run([*ruff, *command, "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
