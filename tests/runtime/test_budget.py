"""The runtime can be read in an afternoon, and depends on boto3 alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from .conftest import TEMPLATES

FILES = sorted([*(TEMPLATES / "messaging").glob("*.py"), *(TEMPLATES / "adapters").glob("*.py")])
CORE = [path for path in FILES if path.parent.name == "messaging"]
WORDS = ("lane", "permit", "blueprint", "topology", "slot", " part ", "mqscaffold")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def lines(paths: list[Path]) -> int:
    return sum(len(path.read_text("utf-8").splitlines()) for path in paths)


def test_it_is_at_most_ten_files_and_1120_lines() -> None:
    """The design's target is 950. The rest buys: batched acknowledgements, order that survives a
    failure at both ends, dead-letter commands that end beside a live consumer, clients that do not
    hang together, and logs that tell where a handler failed and what a shutdown left."""
    assert len(FILES) <= 10
    assert lines(CORE) <= 800
    assert lines(FILES) <= 1120


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_imports_the_standard_library_and_boto3(path: Path) -> None:
    foreign = {"boto3", "botocore"} if path not in CORE else set[str]()
    assert imports(path) - sys.stdlib_module_names <= {"messaging"} | foreign


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_speaks_its_own_words(path: Path) -> None:
    text = path.read_text("utf-8").lower()
    assert [word for word in WORDS if word in text] == []


def test_only_one_file_makes_clients() -> None:
    makers = [path.name for path in FILES if "boto3" in imports(path)]
    assert makers == ["sqs.py"]
