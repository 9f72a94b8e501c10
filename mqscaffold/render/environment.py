"""The one Jinja environment behind the few texts in which answers appear.

Parsing and compiling those templates takes longer than all else that `new` does. A wheel therefore
carries them compiled, and they are used by the version of jinja2 that compiled them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, cast

import jinja2

from mqscaffold.catalog.source import PACKED
from mqscaffold.render.yamltext import scalar

__all__ = ["compiled_folder", "environment"]

# Read this way, jinja2 cannot answer with a warning or by asking the installed metadata.
_VERSION = vars(jinja2).get("__version__")


@cache
def environment(templates: Path) -> jinja2.Environment:
    """The environment for a catalog's `templates/`; template names are relative to that folder.

    Filters are known when a template is compiled, so all of them are here: `cell` for a cell of a
    Markdown table, `yaml` for a YAML scalar. Functions that templates call are passed as values.
    """
    found = jinja2.Environment(
        loader=_loader(templates),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Nothing here is HTML, and the templates of a release do not change under a process.
        autoescape=False,
        auto_reload=False,
    )
    # jinja2 leaves the type of its filters open.
    filters = cast(dict[str, Any], found.filters)  # pyright: ignore[reportUnknownMemberType]
    filters.update(cell=_cell, yaml=scalar)
    return found


def compiled_folder() -> str:
    """Where compiled templates lie beside `templates/`: they fit one version of jinja2 only."""
    return f"compiled-{_VERSION}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _loader(templates: Path) -> jinja2.BaseLoader:
    compiled = PACKED / compiled_folder()
    # Compiled templates are code, so those of another catalog are never loaded.
    if templates.parent == PACKED and compiled.is_dir():
        return jinja2.ModuleLoader(compiled)
    return jinja2.FileSystemLoader(templates)
