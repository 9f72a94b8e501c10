"""Child processes: started with a clean environment, always ended, on every system.

A child runs in a session or process group of its own, so that Ctrl-C reaches only us and we can
end the children in order.  It ends by itself when we vanish (`children/child.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from mqscaffold.errors import UserError

CHILDREN = Path(__file__).parent / "children"

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Prefixes of variables that name a cloud account, a Pulumi login or another project's settings.
_FOREIGN = ("AWS_", "BOTO_", "PULUMI_", "PYTHON", "VIRTUAL_ENV", "MINISTACK_", "LOCALSTACK_")
_KEPT = ("PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONIOENCODING")


def clean_environment(source: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (by default this process's) without anything that could reach a cloud.

    AWS variables are removed, the shared credential files are replaced by nothing, and loopback
    addresses are kept away from a proxy.
    """
    source = os.environ if source is None else source
    env = {
        name: value
        for name, value in source.items()
        if name in _KEPT or not name.upper().startswith(_FOREIGN)
    }
    env["AWS_CONFIG_FILE"] = env["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    for name in ("NO_PROXY", "no_proxy"):
        listed = [part for part in env.get(name, "").split(",") if part]
        env[name] = ",".join(dict.fromkeys([*listed, *_LOOPBACK]))
    return env


@contextlib.contextmanager
def isolated() -> Generator[dict[str, str]]:
    """Puts `clean_environment()` in place of this process's own, and the old one back after."""
    before = dict(os.environ)
    env = clean_environment(before)
    try:
        os.environ.clear()
        os.environ.update(env)
        yield env
    finally:
        os.environ.clear()
        os.environ.update(before)


def require_loopback(url: str) -> str:
    """The same address, if it is one of this machine.

    Raises:
        UserError: it is not; the sandbox never talks to anything else.
    """
    host = urlsplit(url).hostname or ""
    if host not in _LOOPBACK:
        raise UserError(f"the sandbox only talks to this machine, not to '{host or url}'")
    return url


class Child:
    """One running process; its output goes to a file of its own."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], log: Path, cwd: Path | None = None
    ) -> None:
        self.name = name
        self.log = log
        self.cwd = cwd
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float) -> int | None:
        """The exit code, or None if it still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def output(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def ask_to_stop(self) -> None:
        """SIGTERM, or Ctrl-Break where there are no signals."""
        if self.poll() is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self._process.send_signal(signal.CTRL_BREAK_EVENT)
                else:
                    self._process.terminate()

    def stop(self, grace: float = 5.0) -> int:
        """Asks it to stop, and kills it after `grace` seconds."""
        self.ask_to_stop()
        if self.wait(grace) is None:
            self._process.kill()
        code = self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        return code


class Family:
    """Children that are all ended when the `with` block is left, for whatever reason.

    Args:
        env: the environment that every child starts from; None means this process's own.
    """

    def __init__(self, env: Mapping[str, str] | None = None, grace: float = 5.0) -> None:
        self._env = dict(os.environ if env is None else env)
        self._grace = grace
        self._children: list[Child] = []
        self._folder = tempfile.TemporaryDirectory(prefix="mqscaffold-", ignore_cleanup_errors=True)

    @property
    def folder(self) -> Path:
        """A temporary folder that lives as long as the family."""
        return Path(self._folder.name)

    def start(
        self,
        name: str,
        python: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Child:
        """Starts `python child.py COMMAND…`; a command begins with a script or with `-m`."""
        log = self.folder / f"{len(self._children):02}-{name}.log"
        flags, apart = (
            (subprocess.CREATE_NEW_PROCESS_GROUP, False) if sys.platform == "win32" else (0, True)
        )
        with log.open("wb") as out:
            process = subprocess.Popen(
                [python, "-P", str(CHILDREN / "child.py"), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self._env, **(env or {}), "MQSCAFFOLD_FOLDER": self._folder.name},
                cwd=cwd,
                creationflags=flags,
                start_new_session=apart,
            )
        child = Child(name, process, log, cwd)
        self._children.append(child)
        return child

    def stop(self) -> None:
        """Ends every child that still runs: all are asked at once, then waited for."""
        for child in reversed(self._children):
            child.ask_to_stop()
        deadline = time.monotonic() + self._grace
        for child in reversed(self._children):
            child.stop(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Family:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._folder.cleanup()
