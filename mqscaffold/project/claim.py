"""A folder of our own beside a target, that at most one process has at a time.

The claim ends with the process, however that ends, so a folder left by a killed run is told
from one in use without asking after process ids.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from mqscaffold.errors import UserError

__all__ = ["claimed", "clear", "clearing_on_signals"]

_Check = Callable[[], bool]


@contextmanager
def claimed(folder: str, target: str) -> Generator[bool, None, None]:
    """Hold `folder` alone; yields True when a killed run had left it behind, with its content.

    The folder is made when it is not there, and is gone with all in it when the block ends,
    unless the block has renamed it.

    Raises:
        UserError: another process holds it, or it is not ours to touch.
        OSError: it cannot be made.
    """
    with _locked(folder, target) as (ours, stale):
        try:
            yield stale
        finally:
            # After a rename another run may have made a folder of this name: leave that alone.
            if ours():
                clear(folder)
                os.rmdir(folder)


def clear(folder: str) -> None:
    """Remove all that is in a folder, following no symbolic link."""
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(root, name))
        for name in folders:
            path = os.path.join(root, name)
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.rmdir(path)


def _busy(target: str) -> UserError:
    return UserError(
        "another mqscaffold is writing there now", where=target, command="wait for it to end"
    )


if sys.platform == "win32":

    @contextmanager
    def _locked(folder: str, target: str) -> Generator[tuple[_Check, bool], None, None]:
        # Windows cannot rename a folder in which a file is open, so the lock stands beside it;
        # O_TEMPORARY removes it when its last handle closes, and so when its process dies.
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_TEMPORARY
        try:
            handle = os.open(f"{folder}.lock", flags)
        except FileExistsError:
            raise _busy(target) from None
        try:
            stale = os.path.isdir(folder)
            if not stale:
                os.mkdir(folder)
            yield lambda: os.path.isdir(folder), stale
        finally:
            os.close(handle)

else:
    import fcntl

    @contextmanager
    def _locked(folder: str, target: str) -> Generator[tuple[_Check, bool], None, None]:
        handle, stale = _open(folder, target)

        def ours() -> bool:
            try:
                return os.path.samestat(os.fstat(handle), os.lstat(folder))
            except FileNotFoundError:
                return False

        try:
            yield ours, stale
        finally:
            os.close(handle)

    def _open(folder: str, target: str) -> tuple[int, bool]:
        # Another run may end between two of these steps, which only means to look again.
        for _ in range(10):
            try:
                os.mkdir(folder)
                stale = False
            except FileExistsError:
                stale = True
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                handle = os.open(folder, flags)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise UserError(
                    f"{os.path.basename(folder)} is in the way",
                    where=folder,
                    command="remove it",
                ) from error
            try:
                if _lock(handle, folder, target, stale):
                    return handle, stale
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        raise _busy(target)

    def _lock(handle: int, folder: str, target: str, stale: bool) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(target) from None
        except OSError:
            # A file system without locks: what mkdir made is ours, what was there is not known.
            if stale:
                raise _busy(target) from None
        mine = os.fstat(handle)
        if mine.st_uid != os.geteuid():
            raise UserError(
                "another user's folder is in the way", where=folder, command="remove it"
            )
        try:
            return os.path.samestat(mine, os.lstat(folder))
        except FileNotFoundError:
            return False


@contextmanager
def clearing_on_signals() -> Generator[None, None, None]:
    """Let SIGTERM and SIGHUP end the block as an exception, so that it can tidy up.

    Only handlers that nobody has set are touched, and only in the main thread, where Python
    allows it.
    """
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    taken: list[int] = []
    try:
        for name in names:
            number = getattr(signal, name)
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _end)
                taken.append(number)
    except ValueError:  # not the main thread
        pass
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
