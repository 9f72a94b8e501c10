"""The catalog's files as plain data, and where in them a key stands.

A checkout is read from ``blueprints/*.toml``. An installed copy carries the same data as one JSON
file, made when the wheel is built, so that starting never parses TOML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from mqscaffold.errors import UserError

PACKED = Path(__file__).resolve().parents[1] / "_data"
CHECKOUT = Path(__file__).resolve().parents[2]


class CatalogError(UserError):
    """A file of the catalog that is not as it must be: which file, line and key."""


def home() -> Path:
    """The folder that holds ``blueprints`` and ``templates``: packed in the wheel, or a checkout."""
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
            raise CatalogError(f"not TOML: {error}", where=f"blueprints/{name}") from error
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
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when there is none."""
        values = cast("list[Any]", self.get(key, list, []))
        if not all(isinstance(value, str) for value in values):
            raise self.error(f"`{key}` must be a list of strings", key=key)
        return tuple(values)

    def end(self) -> None:
        """Every key was read: a key nobody knows is a typing mistake, not an extension."""
        from mqscaffold.names import nearest

        for key in self.data:
            if key not in self.seen:
                known = nearest(key, sorted(self.seen))
                raise self.error(f"unknown key `{key}`", key=key, near=known)

    def error(self, message: str, *, key: str = "", near: str | None = None) -> CatalogError:
        path = (*self.path, key) if key else self.path
        line = self._line(path)
        place = f"blueprints/{self.file}" + (f":{line}" if line else "")
        return CatalogError(message, where=f"{place}, [{'.'.join(path)}]", near=near)

    def _line(self, path: tuple[str, ...]) -> int:
        """The line where ``path`` stands, 0 if it cannot be told (a packed catalog)."""
        file = self.source.root and self.source.root / "blueprints" / self.file
        if not file or not file.is_file():
            return 0
        here: tuple[str, ...] = ()
        best = 0
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line):
                here = tuple(part.strip().strip('"') for part in header[1].split("."))
                found = here
            elif key := re.match(r"\s*([\w.\"-]+)\s*=", line):
                found = (*here, *(part.strip('"') for part in key[1].split(".")))
            else:
                continue
            if found == path:
                return number
            if not best and path[: len(found)] == found:
                best = number
        return best
