"""Mistakes by users: what is wrong, where, the nearest valid value, the command to run next.

Nothing here prints or exits; the command line does both. The module imports nothing heavy, for
every other module imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

__all__ = ["ErrorBody", "ErrorObject", "UserError", "clean", "quote"]

# Cut so that an error of four lines never fills a terminal, whatever the value was.
_MESSAGE_LIMIT = 400
_NEAR_LIMIT = 120
_VALUE_LIMIT = 60


class ErrorBody(TypedDict):
    """The fields of an error in JSON; `nearest` is empty when nothing is near."""

    message: str
    where: str | None
    nearest: list[str]
    next: str | None


class ErrorObject(TypedDict):
    """What a command prints on standard output when it fails under --json."""

    error: ErrorBody


class UserError(Exception):
    """A mistake that the user can mend. Exit code 2, never a traceback.

    Args:
        message: what is wrong, one sentence without a full stop.
        where: the place: an option, a file with its line, a setting's address.
        near: the valid value or values nearest to what was given.
        command: the command, or the change, to try next.

    Every text is cut to a length that fits a terminal, and control characters are shown
    escaped, for a value from a file must not drive the terminal.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        near: str | Sequence[str] | None = None,
        command: str | None = None,
    ) -> None:
        self.message = clean(message)
        self.where = clean(where) if where else None
        nearest = (near,) if isinstance(near, str) else tuple(near or ())
        self.near = tuple(clean(value, _NEAR_LIMIT) for value in nearest[:5] if value)
        self.command = clean(command) if command else None
        super().__init__(self.message)

    def lines(self) -> list[str]:
        """The error as it is shown: one to four lines without line ends."""
        shown = [f"Error: {self.message}"]
        if self.where:
            shown.append(f"  where: {self.where}")
        if self.near:
            shown.append(f"  nearest: {', '.join(self.near)}")
        if self.command:
            shown.append(f"  try: {self.command}")
        return shown

    def as_json(self) -> ErrorObject:
        """The same facts as an object, for --json."""
        return {
            "error": {
                "message": self.message,
                "where": self.where,
                "nearest": list(self.near),
                "next": self.command,
            }
        }

    def located(self, where: str) -> UserError:
        """The same error at a place, kept as it is when it has one already."""
        if self.where:
            return self
        return type(self)(self.message, where=where, near=self.near, command=self.command)

    def within(self, file: str) -> UserError:
        """The same error with the file in which its place is."""
        where = f"{file}, {self.where}" if self.where and self.where not in file else file
        return type(self)(self.message, where=where, near=self.near, command=self.command)

    def leading_to(self, command: str) -> UserError:
        """The same error with what to run next, kept as it is when it says that already."""
        if self.command:
            return self
        return type(self)(self.message, where=self.where, near=self.near, command=command)


def clean(text: str, limit: int = _MESSAGE_LIMIT) -> str:
    """`text` on one line, with what a terminal would obey escaped, and no longer than `limit`.

    Escaped are control characters, line and paragraph separators, marks that turn the direction
    of writing, and lone surrogates: all that Python does not call printable.
    """
    # Cut first: escaping a hundred thousand characters to show sixty would be waste.
    cut = len(text) - limit
    head = text[:limit] if cut > 0 else text
    if not head.isprintable():
        head = "".join(
            char
            if char.isprintable()
            else char.encode("unicode_escape", "surrogatepass").decode("ascii")
            for char in head
        )
    return f"{head}... ({cut} more characters)" if cut > 0 else head


def quote(value: object, limit: int = _VALUE_LIMIT) -> str:
    """A value from outside in quotes, cut and escaped, for use inside a message."""
    return f"'{clean(str(value), limit)}'"
