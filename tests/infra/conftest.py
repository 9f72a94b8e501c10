"""A fixture that runs a Pulumi program in memory and gives what it asks for."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from infra_programs import TEMPLATES, import_components, write_project

import_components()
sys.path.append(str(TEMPLATES / "project" / "tests"))

if TYPE_CHECKING:
    from recorded_stack import Stack


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> "Callable[..., Stack]":
    """`run(source, **values)`: what the program asks for in a stack with these values."""
    from recorded_stack import recorded

    folders: dict[str, Path] = {}

    def run_program(source: str, **values: Any) -> "Stack":
        key = source + json.dumps(values)
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("infra")
            write_project(folders[key], source, {"dev": values})
        return recorded("dev", folders[key])

    return run_program
