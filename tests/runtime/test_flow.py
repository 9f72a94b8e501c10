"""What a flow's own modules promise to someone who changes the project by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.record import example


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in example("orders-fifo"):
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, "utf-8", newline="\n")
    return tmp_path


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def drop(schema: Any) -> None:
    schema["required"].remove("total_cents")
    del schema["properties"]["total_cents"]


def add(schema: Any) -> None:
    schema["properties"]["currency"] = {"type": "string"}


def loosen(schema: Any) -> None:
    schema["required"].remove("total_cents")


def retype(schema: Any) -> None:
    schema["properties"]["total_cents"]["type"] = "number"


def move_key(schema: Any) -> None:
    del schema["properties"]["order_id"]["x-key"]


@pytest.mark.parametrize("change", [drop, add, loosen, retype, move_key])
def test_a_schema_changed_without_events_py_fails_a_test(project: Path, change: Any) -> None:
    path = project / "schemas" / "orders-fifo" / "order.placed.json"
    schema = json.loads(path.read_text("utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), "utf-8")
    done = python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_events.py")
    assert done.returncode == 1, done.stdout


def test_a_consumer_added_to_consumer_py_has_dead_letter_commands(project: Path) -> None:
    path = project / "src" / "orders_fifo" / "consumer.py"
    more = (
        '\nCONSUMERS["audit"] = Consumer(name="audit", queue_variable="A_QUEUE_URL", routes=[])\n'
    )
    path.write_text(path.read_text("utf-8").replace("\n\ndef main", more + "\n\ndef main"), "utf-8")
    done = python(project, "-m", "orders_fifo.dlq", "--help")
    assert "audit" in done.stdout, done.stderr
    assert "at most ten of one key" in done.stdout
