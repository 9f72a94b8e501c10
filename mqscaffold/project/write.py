"""Write a project, all of it or nothing.

Everything is written into a folder of our own on the same file system first; then one rename
makes it visible. A run that fails or is told to end removes that folder at once; one that is
killed outright cannot, and the next run on the same target does.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mqscaffold.errors import UserError
from mqscaffold.project.claim import claimed, clear, clearing_on_signals
from mqscaffold.render.files import File, check_paths

__all__ = ["check_target", "write_tree"]


def write_tree(target: Path, files: Sequence[File], *, force: bool = False) -> None:
    """Write the files below `target`, all or none of them.

    Missing folders above the target are made. An empty folder is taken over.

    Args:
        target: the project's root.
        files: every file of the project; `mqscaffold.project.snapshot` adds its own two.
        force: write into a folder that holds files. Files that the project does not have are
            left alone and equal ones untouched; one of the same path with another content is
            replaced. Nothing is deleted, and a failure puts everything back.

    Raises:
        UserError: the target holds files and `force` is False; it is a file or a symbolic link;
            it cannot be written; the disk is full; another mqscaffold is writing there.
    """
    check_paths(files)
    contents = [(file.path, file.data) for file in files]
    root = os.path.abspath(target)
    with _as_user_error(root), clearing_on_signals():
        _recover(root)
        if _holds_files(root):
            from mqscaffold.project import overwrite

            if not force:
                raise _occupied(root, overwrite.replaced(root, contents))
            overwrite.write(root, contents)
        else:
            _write_fresh(root, contents)


def check_target(target: Path, files: Sequence[File], *, force: bool = False) -> None:
    """Raise the UserError that `write_tree` would raise for what stands at the target now."""
    check_paths(files)
    root = os.path.abspath(target)
    with _as_user_error(root):
        if _holds_files(root) and not force:
            from mqscaffold.project import overwrite

            contents = [(file.path, file.data) for file in files]
            raise _occupied(root, overwrite.replaced(root, contents))


def write_files(folder: str, contents: Sequence[tuple[str, bytes]]) -> None:
    """Write new files below a folder that is there; OSError when one exists or cannot be made."""
    made = {folder}
    for path, data in contents:
        full = os.path.join(folder, *path.split("/"))
        parent = os.path.dirname(full)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        with open(full, "xb") as stream:
            stream.write(data)


def _write_fresh(root: str, contents: Sequence[tuple[str, bytes]]) -> None:
    # The folder that is renamed is the first one missing on the way down, so that the folders
    # above the project appear together with it, or not at all.
    top = root
    while not os.path.lexists(parent := os.path.dirname(top)):
        top = parent
    folder = os.path.join(os.path.dirname(top), f".{os.path.basename(top)}.mqscaffold-tmp")
    with claimed(folder, root) as stale:
        if stale:
            clear(folder)
        inner = os.path.join(folder, os.path.relpath(root, top)) if root != top else folder
        os.makedirs(inner, exist_ok=True)
        write_files(inner, contents)
        if os.name == "nt" and os.path.isdir(top):
            os.rmdir(top)  # Windows renames onto nothing; elsewhere an empty folder is replaced
        try:
            os.rename(folder, top)
        except OSError as error:
            if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
                raise _occupied(root, ()) from None
            raise


def _recover(root: str) -> None:
    # A run with force that was killed leaves its folder inside the target.
    folder = os.path.join(root, ".mqscaffold-tmp")
    if os.path.isdir(folder) and not os.path.islink(root):
        from mqscaffold.project import overwrite

        overwrite.recover(root)


def _holds_files(root: str) -> bool:
    if os.path.islink(root):
        raise UserError(
            "the target is a symbolic link", where=root, command="name the folder it points to"
        )
    try:
        with os.scandir(root) as entries:
            return any(True for _ in entries)
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise UserError(
            "a file is in the way of the project's folder", where=root, command="another name"
        ) from None


def _occupied(root: str, replaced: Sequence[str]) -> UserError:
    count = len(replaced)
    would = f"{count} of its files would be replaced" if count else "none would be replaced"
    return UserError(
        f"the folder exists and holds files; {would}",
        where=root,
        command="another name, or --diff to see what would change and --force to write into it",
    )


@contextmanager
def _as_user_error(root: str) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            reason, command = "the disk is full", "free some space and run it again"
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            reason, command = "no permission to write there", "--output with another folder"
        else:
            reason = f"it could not be written: {error.strerror or error}"
            command = "--output with another folder"
        raise UserError(f"{reason}; nothing was changed", where=root, command=command) from error
