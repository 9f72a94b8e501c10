"""A generated file in memory: nothing is written before all of them exist."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from mqscaffold.errors import UserError, quote
from mqscaffold.names import WINDOWS_DEVICES
from mqscaffold.records import dataclass

__all__ = ["File", "Kind", "check_paths", "read"]

Kind = Literal["managed", "merged", "seeded"]

_FORBIDDEN = frozenset('<>:"|?*\\')


@dataclass(frozen=True)
class File:
    """One file of a project.

    Attributes:
        path: relative to the project's root, `/` between folders, valid on every system.
        text: the whole content, line ends `\\n`, written as UTF-8.
        kind: `managed` (ours, replaced), `merged` (merged three-way with the team's edits) or
            `seeded` (written once, then theirs).

    Raises:
        UserError: the path could leave the project or does not exist on some system.
        ValueError: the text has carriage returns.
    """

    path: str
    text: str
    kind: Kind

    def __post_init__(self) -> None:
        _check_path(self.path)
        if "\r" in self.text:
            raise ValueError(f"{self.path}: carriage return in a generated text")

    @property
    def data(self) -> bytes:
        """The bytes that are written.

        Raises:
            UserError: a lone surrogate, which no UTF-8 file can hold.
        """
        try:
            return self.text.encode("utf-8")
        except UnicodeEncodeError as error:
            line = self.text.count("\n", 0, error.start) + 1
            raise UserError(
                "a value cannot be written as UTF-8", where=f"{self.path}, line {line}"
            ) from None


def _check_path(path: str) -> None:
    for part in path.split("/"):
        stem = part.partition(".")[0].lower()
        if (
            part in {"", ".", ".."}
            or part[-1] in ". "
            or stem in WINDOWS_DEVICES
            or not part.isprintable()
            or not _FORBIDDEN.isdisjoint(part)
        ):
            raise UserError(
                f"a generated file would have the path {quote(path)}",
                where=f"path segment {quote(part)}",
            )


def check_paths(files: Iterable[File]) -> None:
    """Raise a UserError when two files would land on one path.

    Letter case does not count, for macOS and Windows do not tell it apart, and neither may a
    file stand where another one needs a folder.
    """
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for file in files:
        lowered = file.path.lower()
        if lowered in seen:
            raise _collision(seen[lowered], file.path)
        seen[lowered] = file.path
        end = lowered.rfind("/")
        while end > 0 and lowered[:end] not in folders:
            folders[lowered[:end]] = file.path
            end = lowered.rfind("/", 0, end)
    for folder, path in folders.items():
        if folder in seen:
            raise _collision(seen[folder], path)


def _collision(first: str, second: str) -> UserError:
    return UserError(f"two generated files want one path: {quote(first)} and {quote(second)}")


@cache
def read(path: Path) -> str:
    """The text of a file of the catalog, which does not change under a process."""
    return path.read_text(encoding="utf-8")
