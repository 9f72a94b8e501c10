"""schemas/ and events.py agree: a field that was changed in only one of them fails here."""

import json
from dataclasses import fields
from typing import Any

import pytest

import orders_fifo.events
from conftest import SCHEMAS
from messaging import InvalidEvent

FLOWS: dict[str, Any] = {
    "orders-fifo": orders_fifo.events.EVENTS,
}
FILES = sorted(path for flow in FLOWS for path in (SCHEMAS / flow).glob("*.json"))
# Of each type a value, and one of another type that is most like it.
VALUES: dict[str, tuple[Any, Any]] = {
    "string": ("x", 1),
    "integer": (1, 1.5),
    "number": (1.5, "x"),
    "boolean": (True, 1),
    "array": ([], "x"),
    "object": (None, "x"),
}
FIELDS = [
    pytest.param((path, name), id=f"{path.parent.name} {path.stem} {name}")
    for path in FILES
    for name in json.loads(path.read_text("utf-8")).get("properties", {})
]


def test_each_schema_has_a_class_and_each_class_a_schema() -> None:
    classes = {(flow, event_type) for flow, events in FLOWS.items() for event_type in events}
    assert classes == {(path.parent.name, path.stem) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_the_class_has_the_fields_of_the_schema(path: Any, example: Any) -> None:
    schema, event = json.loads(path.read_text("utf-8")), FLOWS[path.parent.name][path.stem]
    assert {field.name for field in fields(event)} == set(schema.get("properties", {}))
    data = example(path.parent.name, path.stem)
    assert event.from_json(data).to_json() == data
    keys = [name for name, one in schema.get("properties", {}).items() if one.get("x-key")]
    assert event.from_json(data).key == (data[keys[0]] if keys else None)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_as_in_the_schema(field: Any, example: Any) -> None:
    path, name = field
    schema, event = json.loads(path.read_text("utf-8")), FLOWS[path.parent.name][path.stem]
    data, one = example(path.parent.name, path.stem), schema["properties"][name]
    right, wrong = VALUES[one["type"]]
    for value in one.get("enum", [data.get(name) if right is None else right]):
        event.from_json(data | {name: value})
    with pytest.raises(InvalidEvent):
        event.from_json(data | {name: wrong})
    data.pop(name, None)
    if name in schema.get("required", []):
        with pytest.raises(InvalidEvent):
            event.from_json(data)
    else:
        event.from_json(data)
