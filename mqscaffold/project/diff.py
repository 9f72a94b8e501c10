"""How generated files differ from a folder, as a unified diff that `git apply` reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mqscaffold.errors import UserError
from mqscaffold.render.files import File

__all__ = ["diff"]


def diff(files: Sequence[File], target: Path) -> str:
    """What writing the files below `target` would change there; nothing is written.

    Files that are not there appear as additions; equal ones, and files of the target that the
    project does not have, do not appear. The text is empty when nothing would change.

    Raises:
        UserError: a file that is there cannot be read, so the difference is not known.
    """
    return "".join(
        line
        for file in sorted(files, key=lambda file: file.path)
        for line in _lines(file, _read(target, file.path))
    )


def _read(target: Path, path: str) -> str | None:
    try:
        data = target.joinpath(*path.split("/")).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise UserError(
            f"it cannot be compared: {error.strerror}", where=str(target / path)
        ) from None
    return data.decode("utf-8", "replace")


def _lines(file: File, old: str | None) -> Iterator[str]:
    if old == file.text:
        return
    yield f"diff --git a/{file.path} b/{file.path}\n"
    if old is None:
        yield "new file mode 100644\n"
        yield from _addition(file)
        return
    import difflib

    before, after = _split(old), _split(file.text)
    name = file.path
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield from _ended(line)


def _addition(file: File) -> Iterator[str]:
    # Most runs show a new project, for which no comparison is needed.
    lines = _split(file.text)
    if not lines:
        return
    count = f"1,{len(lines)}" if len(lines) > 1 else "1"
    yield f"--- /dev/null\n+++ b/{file.path}\n@@ -0,0 +{count} @@\n"
    for line in lines:
        yield from _ended(f"+{line}")


def _split(text: str) -> list[str]:
    # Not splitlines(), which also splits at form feeds and other separators.
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _ended(line: str) -> Iterator[str]:
    yield line
    if not line.endswith("\n"):
        yield "\n\\ No newline at end of file\n"
