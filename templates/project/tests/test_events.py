"""schemas/ and events.py agree: a field that was changed in only one of them fails here."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from messaging import InvalidEvent

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = sorted((ROOT / "schemas").glob("*/*.json"))
MODULES = sorted(path.parent.name for path in (ROOT / "src").glob("*/events.py"))
FLOWS = {module.replace("_", "-"): import_module(f"{module}.events").EVENTS for module in MODULES}
# A value that fits no other type.
WRONG = {"string": 1, "integer": "x", "number": "x", "boolean": "x", "array": "x", "object": "x"}


@pytest.fixture(params=SCHEMAS, ids=lambda path: f"{path.parent.name} {path.stem}")
def event(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The class in events.py, the schema, and the data of the example."""
    path: Path = request.param
    example = json.loads((path.parent / "examples" / path.name).read_text("utf-8"))
    schema = json.loads(path.read_text("utf-8"))
    return FLOWS[path.parent.name.replace("_", "-")][path.stem], schema, example["data"]
