"""Tests run offline: nothing here can reach an AWS account, whatever the shell is logged in to."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def example() -> Callable[[str, str], Any]:
    """The data of schemas/<flow>/examples/<event type>.json."""

    def read(flow: str, event_type: str) -> Any:
        path = SCHEMAS / flow / "examples" / f"{event_type}.json"
        return json.loads(path.read_text("utf-8"))["data"]

    return read
