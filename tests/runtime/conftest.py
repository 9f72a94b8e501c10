"""The runtime runs where it lies: templates/messaging, with the adapters as part of the package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
sys.path[:0] = [str(TEMPLATES), str(TEMPLATES / "project" / "tests")]

import messaging  # noqa: E402

messaging.__path__.append(str(TEMPLATES / "adapters"))

from messaging import producer  # noqa: E402


class FakeTime:
    """Stands in for the time module: sleeping takes no time and is remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    """The time in which batch calls are made again."""
    time = FakeTime()
    monkeypatch.setattr(producer, "time", time)
    return time
