"""Write into a folder that holds files already, so that a failure puts everything back.

No single rename can do this. So the new files are written aside first, which takes all the
space that is needed; then a journal says what will be moved; then files change places by
rename, the old ones kept aside. Until the journal is gone, everything can be undone, by this
run or, after a kill, by the next.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress

from mqscaffold.errors import UserError
from mqscaffold.project.claim import claimed, clear

__all__ = ["recover", "replaced", "write"]

_FOLDER = ".mqscaffold-tmp"

Contents = Sequence[tuple[str, bytes]]


def write(root: str, contents: Contents) -> None:
    """Put the files in place: new ones added, different ones replaced, equal ones untouched.

    Raises:
        UserError: a symbolic link or a folder stands where a file would go.
        OSError: something could not be written; all is as it was.
    """
    from mqscaffold.project.write import write_files

    folder = os.path.join(root, _FOLDER)
    with claimed(folder, root) as stale:
        if stale:
            _undo(root, folder)
        changed = [(path, data) for path, data in contents if _differs(root, path, data)]
        paths = [path for path, _ in changed]
        write_files(_made(folder, "new"), changed)
        for path in paths:
            _make_parent(folder, f"old/{path}")
        _write_journal(root, folder, paths)
        try:
            for path in paths:
                _swap(root, folder, path)
        except BaseException:
            _undo(root, folder)
            raise
        os.unlink(os.path.join(folder, "journal"))


def replaced(root: str, contents: Contents) -> list[str]:
    """The paths of files below `root` that would lose their content to ours."""
    return [
        path
        for path, data in contents
        if os.path.lexists(_join(root, path)) and _differs(root, path, data)
    ]


def recover(root: str) -> None:
    """Undo what a killed run left half done, and remove its folder."""
    folder = os.path.join(root, _FOLDER)
    with claimed(folder, root) as stale:
        if stale:
            _undo(root, folder)


def _differs(root: str, path: str, data: bytes) -> bool:
    # A link would lead the write out of the project, so none is followed on the way down.
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        full = os.path.join(root, *parts[:depth])
        is_file = depth == len(parts)
        if os.path.islink(full):
            raise UserError("a symbolic link is in the way", where=full, command="remove it")
        if not os.path.lexists(full):
            return True
        if os.path.isdir(full) == is_file:
            found = "folder" if is_file else "file"
            raise UserError(f"a {found} is in the way", where=full, command="remove it")
    with open(_join(root, path), "rb") as stream:
        return stream.read(len(data) + 1) != data


def _swap(root: str, folder: str, path: str) -> None:
    target, new = _join(root, path), _join(folder, f"new/{path}")
    try:
        os.chmod(new, os.stat(target).st_mode & 0o7777)  # an executable stays one
        os.rename(target, _join(folder, f"old/{path}"))
    except FileNotFoundError:
        _make_parent(root, path)
    os.rename(new, target)


def _write_journal(root: str, folder: str, paths: Sequence[str]) -> None:
    folders = {
        path[:end]
        for path in paths
        for end in range(len(path))
        if path[end] == "/" and not os.path.isdir(_join(root, path[:end]))
    }
    added = [path for path in paths if not os.path.lexists(_join(root, path))]
    text = json.dumps({"paths": list(paths), "added": added, "folders": sorted(folders)})
    # A journal is there whole or not at all.
    with open(os.path.join(folder, "journal-part"), "x", encoding="utf-8") as stream:
        stream.write(text)
    os.rename(stream.name, os.path.join(folder, "journal"))


def _undo(root: str, folder: str) -> None:
    try:
        with open(os.path.join(folder, "journal"), encoding="utf-8") as stream:
            journal = json.load(stream)
    except FileNotFoundError:
        clear(folder)
        return
    for path in journal["paths"]:
        with suppress(FileNotFoundError):
            os.replace(_join(folder, f"old/{path}"), _join(root, path))
    for path in journal["added"]:
        # What is still in `new` was never put in place, so a file there now is someone else's.
        if not os.path.lexists(_join(folder, f"new/{path}")):
            with suppress(FileNotFoundError):
                os.unlink(_join(root, path))
    for path in reversed(journal["folders"]):
        with suppress(OSError):
            os.rmdir(_join(root, path))
    clear(folder)


def _join(root: str, path: str) -> str:
    return os.path.join(root, *path.split("/"))


def _make_parent(root: str, path: str) -> None:
    os.makedirs(os.path.dirname(_join(root, path)), exist_ok=True)


def _made(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path
