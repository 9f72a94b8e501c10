"""The pages of `bodies`: read from an installed copy, computed in a checkout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqscaffold.cli.bodies import ListPage, SettingBody, WordsPage

__all__ = ["FOLDER", "explain_page", "list_page", "show_page", "words_page"]

FOLDER = "pages"
_PACKED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_data", FOLDER)


def words_page() -> WordsPage:
    """The names of patterns, services and features."""
    return _page("words")


def list_page() -> ListPage:
    """The whole matrix."""
    return _page("list")


def explain_page(service: str) -> dict[str, SettingBody]:
    """The settings of a service that exists."""
    return _page("explain", service)


def show_page(pattern: str, service: str) -> dict[str, Any]:
    """What a pattern on a service consists of, for a pair that generates."""
    return _page("show", pattern, service)


def _page(name: str, *arguments: str) -> Any:
    if os.path.isdir(_PACKED):
        import json

        path = os.path.join(_PACKED, name, *arguments) + ".json"
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    from mqscaffold.catalog.load import load
    from mqscaffold.cli import bodies

    return getattr(bodies, f"{name}_page")(load(), *arguments)
