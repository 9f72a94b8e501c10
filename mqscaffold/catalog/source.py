"""The catalog's files as plain data, and where in them a key stands.

A checkout is read from ``blueprints/*.toml``. An installed copy carries the same data as one JSON
file, made when the wheel is built, so that starting never parses TOML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any, cast

from mqscaffold.catalog.expression import Expression, ExpressionError, parse
from mqscaffold.errors import UserError
from mqscaffold.names import nearest
from mqscaffold.records import dataclass, field

PACKED = Path(__file__).resolve().parents[1] / "_data"
CHECKOUT = Path(__file__).resolve().parents[2]


class CatalogError(UserError):
    """A file of the catalog that is not as it must be: which file, line and key."""


def home() -> Path:
    """The folder that holds ``blueprints`` and ``templates``: in the wheel, or a checkout."""
    return PACKED if PACKED.is_dir() else CHECKOUT


@dataclass(frozen=True)
class Source:
    """Every catalog file's data by its path below ``blueprints/`` ("services/sqs.toml")."""

    files: Mapping[str, Mapping[str, Any]]
    root: Path | None = None
    trusted: bool = field(default=False)  # checked when it was packed

    def below(self, folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(file stem, data) of the files in ``folder``, sorted."""
        for path in sorted(self.files):
            if path.startswith(f"{folder}/"):
                yield path.removeprefix(f"{folder}/").removesuffix(".toml"), self.files[path]

    def place(self, file: str, *path: str) -> str:
        """Where ``path`` stands in ``file``, for an error: "blueprints/rules.toml:3, [a.needs]"."""
        line = self._line(file, path)
        key = f", [{'.'.join(path)}]" if path else ""
        return f"blueprints/{file}" + (f":{line}" if line else "") + key

    def _line(self, file: str, path: tuple[str, ...]) -> int:
        """The line where ``path`` or the nearest around it stands, 0 if it cannot be told."""
        at = self.root and self.root / "blueprints" / file
        if not at or not at.is_file():  # a packed catalog
            return 0
        here: tuple[str, ...] = ()
        best, depth = 0, 0
        for number, line in enumerate(at.read_text(encoding="utf-8").splitlines(), 1):
            if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line):
                found = here = _parts(header[1])
            elif key := re.match(r"\s*([\w.\"-]+)\s*=", line):
                found = (*here, *_parts(key[1]))
            else:
                continue
            if len(found) > depth and path[: len(found)] == found:
                best, depth = number, len(found)
        return best


def _parts(dotted: str) -> tuple[str, ...]:
    """The keys of a dotted TOML key; a quoted one may hold dots."""
    return tuple(key.strip('"') for key in re.findall(r'"[^"]*"|[^.\s]+', dotted))


def read(root: Path | None = None) -> Source:
    """The catalog at ``root`` (a folder with ``blueprints``), by default the one shipped here."""
    if root is None and PACKED.is_dir():
        packed = json.loads((PACKED / "catalog.json").read_text(encoding="utf-8"))
        return Source(packed, PACKED, trusted=True)
    root = root or CHECKOUT
    return Source(parse_tree(root / "blueprints"), root)


def parse_tree(folder: Path) -> dict[str, dict[str, Any]]:
    """Every TOML file below ``folder`` by its relative path; CatalogError where one is broken."""
    import tomllib

    if not folder.is_dir():
        raise CatalogError("there is no catalog here", where=str(folder))
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).as_posix()
        try:
            files[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            line = re.search(r"at line (\d+)", str(error))
            where = f"blueprints/{name}" + (f":{line[1]}" if line else "")
            raise CatalogError(f"not TOML: {error}", where=where) from error
    return files


_MISSING: Any = object()


@dataclass
class Table:
    """One table of a catalog file, read key by key so that a left-over key is an error."""

    source: Source
    file: str
    path: tuple[str, ...]
    data: Mapping[str, Any]
    seen: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, source: Source, file: str, data: Mapping[str, Any], *path: str) -> Table:
        return cls(source, file, path, data)

    def sub(self, key: str) -> Table:
        """The table under ``key``, empty when there is none."""
        return Table(self.source, self.file, (*self.path, key), self.get(key, dict, {}))

    def tables(self) -> Iterator[tuple[str, Table]]:
        """(key, table) of every sub-table here; another kind of value is an error."""
        for key in self.data:
            yield key, self.sub(key)

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = _MISSING) -> Any:
        """The value under ``key``, of type ``kind``; required when no ``default`` is given."""
        self.seen.add(key)
        value = self.data.get(key, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                raise self.error(f"`{key}` is missing", key="")
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(f"`{key}` has the wrong type", key=key)
        return value

    def text(self, key: str, default: Any = _MISSING) -> str:
        value: str = self.get(key, str, default)
        if default is _MISSING and not value.strip():
            raise self.error(f"`{key}` is empty", key=key)
        # It enters programs and documents, where it must stay the text that it is.
        if not value.isprintable() or '"""' in value:
            raise self.error(f"`{key}` is not one line of plain text", key=key)
        return value

    def one_of(self, key: str, choices: Sequence[str], default: Any = _MISSING) -> Any:
        """One of a few words."""
        value = self.text(key, default)
        if value not in choices:
            known = [choice for choice in choices if choice]
            raise self.error(
                f"`{key}` is {' or '.join(known)}", key=key, near=nearest(value, known)
            )
        return value

    def identifiers(self, key: str, names: Iterable[str]) -> None:
        """The names under ``key`` are printed in programs, where each must be one name."""
        for name in names:
            if not name.isidentifier() or iskeyword(name):
                raise self.error(f"{name!r} is no Python name", key=key)

    def words(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when there is none."""
        values = cast("list[Any]", self.get(key, list, []))
        if not all(isinstance(value, str) for value in values):
            raise self.error(f"`{key}` must be a list of strings", key=key)
        return tuple(values)

    def parsed(self, key: str, text: str) -> Expression:
        """``text``, which stands under ``key``, as an expression."""
        try:
            return parse(text)
        except ExpressionError as error:
            raise self.error(str(error), key=key) from error

    def end(self) -> None:
        """Every key was read: a key nobody knows is a typing mistake, not an extension."""
        for key in self.data:
            if key not in self.seen:
                known = nearest(key, sorted(self.seen))
                raise self.error(f"unknown key `{key}`", key=key, near=known)

    def error(
        self, message: str, *, key: str = "", near: str | Sequence[str] | None = None
    ) -> CatalogError:
        """``message`` at this table, or at one of its keys."""
        path = (*self.path, key) if key else self.path
        return CatalogError(message, where=self.source.place(self.file, *path), near=near)
