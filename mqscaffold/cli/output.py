"""What commands print: JSON, tables fitted to the terminal, a tree of files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

__all__ = ["idle", "print_json", "table", "tree", "width", "wrapped"]


def print_json(value: Any) -> None:
    """Print a value as JSON, keys in the order they have."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def width() -> int | None:
    """Columns to fit the output to; None when it goes to a file or another program."""
    if not sys.stdout.isatty() and not os.environ.get("COLUMNS"):
        return None
    import shutil

    return max(shutil.get_terminal_size().columns, 40)


def table(rows: Sequence[Sequence[str]], *, limit: int | None) -> Iterator[str]:
    """Rows with aligned columns, the last column cut so that no line is longer than `limit`."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(size) for cell, size in zip(row[:-1], widths, strict=True)]
        line = "  ".join([*cells, row[-1]]).rstrip()
        if limit is not None and len(line) > limit:
            line = f"{line[: limit - 3]}..."
        yield line


def wrapped(text: str, limit: int | None, indent: str) -> list[str]:
    """The text in lines of at most 100 columns; an indent that ends in a mark has it once."""
    import textwrap

    rest = " " * len(indent)
    return textwrap.wrap(
        text, min(limit or 100, 100), initial_indent=indent, subsequent_indent=rest
    )


def idle(dollars: float) -> str:
    """What resources cost a month when nothing happens."""
    return f"idle about ${dollars:.2f} a month" if dollars else "idle for nothing"


def tree(paths: Sequence[str]) -> Iterator[str]:
    """The paths drawn as a tree, folders first as they sort, without its root."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        branch = root
        for part in path.split("/"):
            branch = branch.setdefault(part, {})
    yield from _branches(root, "", _glyphs())


def _branches(
    branch: Mapping[str, Any], indent: str, glyphs: tuple[str, str, str]
) -> Iterator[str]:
    tee, corner, bar = glyphs
    entries = sorted(branch.items(), key=lambda entry: (not entry[1], entry[0]))
    for number, (name, inner) in enumerate(entries, 1):
        last = number == len(entries)
        yield f"{indent}{corner if last else tee}{name}{'/' if inner else ''}"
        yield from _branches(inner, indent + ("    " if last else bar), glyphs)


def _glyphs() -> tuple[str, str, str]:
    try:
        "├└│─".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "|-- ", "`-- ", "|   "
    return "├── ", "└── ", "│   "
