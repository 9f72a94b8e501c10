"""Every setting lands where it says, and nowhere else."""

from __future__ import annotations

import pytest

from tests.record import BASES, FOOTPRINTS, footprint, settings_of

CASES = [(service, setting) for service in BASES for setting in settings_of(service)]


def _recorded(service: str) -> dict[str, list[str]]:
    blocks = (FOOTPRINTS / f"{service}.txt").read_text("utf-8").strip().split("\n\n")
    return {lines[0].strip("[]"): lines[1:] for lines in (block.splitlines() for block in blocks)}


@pytest.mark.parametrize(
    ("service", "setting"), CASES, ids=[f"{service}.{setting.name}" for service, setting in CASES]
)
def test_footprint(service: str, setting: object) -> None:
    name = setting.name  # type: ignore[attr-defined]
    lines = footprint(service, setting)  # type: ignore[arg-type]
    assert lines, f"{name} changes nothing"
    primary = setting.property  # type: ignore[attr-defined]
    kind = primary.rpartition(".")[0] or primary
    assert any(kind in line for line in lines), f"{primary} is not among what {name} changes"
    assert lines == _recorded(service)[name], "python -m tests.record footprints"


def test_every_recorded_setting_still_exists() -> None:
    for service in BASES:
        assert set(_recorded(service)) == {setting.name for setting in settings_of(service)}
