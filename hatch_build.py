"""Pack the catalog and the templates into the wheel.

The catalog is checked and compiled to JSON here, with what follows from it alone, and templates to
Python, so that an installed copy parses nothing and computes no matrix when it starts.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = "mqscaffold/_data"


class CatalogHook(BuildHookInterface):
    """Adds `mqscaffold/_data/` to a wheel; an editable install reads the checkout instead."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        self._temporary = tempfile.TemporaryDirectory()
        included = build_data["force_include"]
        for path, text in compiled(root).items():
            built = Path(self._temporary.name, path)
            built.parent.mkdir(parents=True, exist_ok=True)
            built.write_text(text, encoding="utf-8", newline="\n")
            included[str(built)] = f"{DATA}/{path}"
        for path in data_files(root):
            included[str(root / path)] = f"{DATA}/{path}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._temporary.cleanup()


def compiled(root: Path) -> dict[str, str]:
    """The files made from the catalog: itself and what follows from it as JSON, and the templates
    compiled.

    Raises:
        UserError: the catalog is broken, with file and line; so no wheel carries a broken one.
    """
    sys.path.insert(0, str(root))
    try:
        from mqscaffold.catalog.load import load
        from mqscaffold.catalog.source import parse_tree
        from mqscaffold.cli.bodies import every_page

        made: dict[str, Any] = {"catalog": parse_tree(root / "blueprints")}
        made |= {f"pages/{path}": page for path, page in every_page(load(root))}
        return {f"{path}.json": _json(value) for path, value in made.items()} | _templates(root)
    finally:
        sys.path.remove(str(root))


def _templates(root: Path) -> dict[str, str]:
    from mqscaffold.render.environment import compiled_folder, environment

    with tempfile.TemporaryDirectory() as folder:
        found = environment(root / "templates")
        found.compile_templates(folder, extensions=["j2"], zip=None, ignore_errors=False)
        return {
            f"{compiled_folder()}/{path.name}": path.read_text(encoding="utf-8")
            for path in sorted(Path(folder).iterdir())
        }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def data_files(root: Path) -> list[str]:
    """The files of `blueprints/` and `templates/`, relative to the root, without caches."""
    return sorted(
        path.relative_to(root).as_posix()
        for folder in ("blueprints", "templates")
        for path in (root / folder).rglob("*")
        if path.is_file() and not _is_cache(path.relative_to(root))
    )


def _is_cache(path: Path) -> bool:
    return any(part == "__pycache__" or part.endswith("_cache") for part in path.parts)
