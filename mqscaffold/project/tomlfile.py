"""A TOML file of the user's: read whole, every mistake with its place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, cast

from mqscaffold.errors import UserError, quote
from mqscaffold.names import nearest

__all__ = ["check_text", "read_toml"]

# Longer than any value that a setting takes; a filter policy, the largest, is far smaller:
# https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
_VALUE_LIMIT = 10_000
_FILE_LIMIT = 1_000_000
# A filter policy may be nested five levels deep, a flow's settings are three more.
_DEPTH_LIMIT = 20


def read_toml(path: str, where: str | None = None) -> dict[str, Any]:
    """The file's data.

    Args:
        path: the file.
        where: what named it, for the message when it cannot be read; the path by default.

    Raises:
        UserError: it is no file, cannot be read, is not TOML (with line and column), is nested
            absurdly deep, or a text in it is one that `check_text` refuses.
    """
    import tomllib

    where = where or path
    try:
        with open(path, "rb") as stream:
            data = stream.read(_FILE_LIMIT + 1)
    except FileNotFoundError:
        raise UserError("there is no such file", where=where, near=_neighbours(path)) from None
    except IsADirectoryError:
        raise UserError("it is a folder, and a TOML file is needed", where=where) from None
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}", where=where) from None
    if len(data) > _FILE_LIMIT:
        raise UserError("the file has more than 1 MB", where=where)
    try:
        # Editors on Windows begin a file with a mark that TOML does not know.
        read = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError("it is not UTF-8 text", where=f"{path}, line {line}") from None
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(str(error), path) from None
    except ValueError:  # Python's own limit, against numbers that take minutes to read
        raise UserError("a number in it has too many digits", where=path) from None
    except RecursionError:
        raise _too_deep(path) from None
    for key, text in _texts(read, path):
        check_text(text, f"{path}, {key}")
    return read


def check_text(text: str, where: str) -> None:
    """Raise a UserError for a text that is absurdly long or holds what cannot be seen."""
    # Also marks that are no control characters but cannot be seen: they turn or join what a
    # reviewer reads in the generated code.
    if len(text) > _VALUE_LIMIT:
        raise UserError(
            f"a value of {len(text)} characters; at most {_VALUE_LIMIT} make sense", where=where
        )
    hidden = next((char for char in text if not char.isprintable()), None)
    if hidden is not None:
        raise UserError(f"{quote(hidden)} is a character that cannot be shown", where=where)


def _no_toml(message: str, path: str) -> UserError:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    reason = message[: place.start()] if place else message
    if place and place[1]:
        where = f"{path}, line {place[1]}, column {place[2]}"
    else:
        where = f"{path}, at its end"
    return UserError(
        f"it is not TOML: {reason}", where=where, command='write a setting as retention = "7d"'
    )


def _too_deep(where: str) -> UserError:
    return UserError(
        "tables or lists are nested too deeply",
        where=where,
        command=f"at most {_DEPTH_LIMIT} levels make sense",
    )


def _texts(value: Any, path: str, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every key and every text value, with its dotted key."""
    if depth > _DEPTH_LIMIT:
        raise _too_deep(path)
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            full = f"{key}.{name}" if key else name
            yield full, name
            yield from _texts(inner, path, full, depth + 1)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _texts(inner, path, key, depth + 1)


def _neighbours(path: str) -> tuple[str, ...]:
    folder, name = os.path.split(path)
    try:
        names = [entry for entry in os.listdir(folder or ".") if entry.endswith(".toml")]
    except OSError:
        return ()
    return tuple(os.path.join(folder, entry) for entry in nearest(name, names))
