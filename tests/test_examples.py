"""examples/ is what the generator makes today, and no resource in it changes its identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.record import EXAMPLES, URNS, example, example_names, urns

NAMES = example_names()


def test_the_examples_show_every_shape() -> None:
    assert NAMES == ["audit", "jobs", "orders", "orders-fifo", "router", "shop"]


@pytest.mark.parametrize("name", NAMES)
def test_example_is_byte_equal_to_the_generator(name: str) -> None:
    folder = EXAMPLES / name
    expected = {file.path: file.data for file in example(name)}
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not _cache(path)
    }
    assert sorted(found) == sorted(expected)
    different = [path for path in expected if found[path] != expected[path]]
    assert not different, "python -m tests.record examples"


def _cache(path: Path) -> bool:
    return any(part in {"__pycache__", ".pytest_cache", ".ruff_cache"} for part in path.parts)


@pytest.mark.parametrize("name", NAMES)
def test_no_urn_changes(name: str) -> None:
    recorded = (URNS / f"{name}.txt").read_text("utf-8").splitlines()
    now = urns(example(name))
    assert sorted(set(recorded) - set(now)) == [], "these would be deleted and made anew"
    assert now == recorded, "python -m tests.record urns"


def test_two_projects_share_no_logical_name_by_accident() -> None:
    flows = [line for line in urns(example("shop")) if "::orders-" in line]
    alone = [line for line in urns(example("orders")) if "::orders-" in line]
    assert {line.partition("::")[2].partition("::")[2] for line in alone} <= {
        line.partition("::")[2].partition("::")[2] for line in flows
    }, "a second flow must rename nothing of the first"
