"""Python environments of the sandbox: built once from a lock with hashes, then reused.

They live in the user's cache directory, named after the digest of their lock, so that a changed
lock makes a new one.  Each is built beside its place and renamed into it: a build that is killed
leaves nothing half-made, and of two builds at once the first wins.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mqscaffold.errors import UserError

Say = Callable[[str], None]
Install = Callable[[str, Path, Path], int]
"""(interpreter, lock, log file) -> exit code: installs a lock into an environment."""

_DAY = 86_400.0
INFRA_MODULES = ("pulumi", "pulumi_aws")
PROJECT_MODULES = (*INFRA_MODULES, "boto3")


@dataclass(frozen=True)
class Wanted:
    """An environment: what it is called, what it holds, and what its first use costs.

    `megabytes` are downloaded, `seconds` are for installing on a laptop: both measured, both
    said before the download starts.  `modules` must be importable in it.
    """

    name: str
    lock: Path
    modules: tuple[str, ...]
    megabytes: int
    seconds: int


def cache_directory(
    env: Mapping[str, str] = os.environ, system: str = sys.platform, home: Path | None = None
) -> Path:
    """Where this user's caches are; MQSCAFFOLD_CACHE goes before the system's own place."""
    home = Path.home() if home is None else home
    if env.get("MQSCAFFOLD_CACHE"):
        return Path(env["MQSCAFFOLD_CACHE"]).absolute()
    if system == "win32":
        local = env.get("LOCALAPPDATA")
        return (Path(local) if local else home / "AppData" / "Local") / "mqscaffold" / "Cache"
    if system == "darwin":
        return home / "Library" / "Caches" / "mqscaffold"
    named = env.get("XDG_CACHE_HOME")
    return (Path(named) if named else home / ".cache") / "mqscaffold"


def interpreter(environment: Path, system: str = sys.platform) -> Path:
    """The Python of a virtual environment."""
    if system == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def digest(lock: Path) -> str:
    """Names the contents of a lock on this Python and this kind of machine."""
    kind = f"{platform.python_implementation()} {sys.version_info[:2]} {platform.machine()}"
    # Line ends differ between checkouts, what is installed does not.
    text = lock.read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(text + kind.encode()).hexdigest()[:16]


def ensure(wanted: Wanted, cache: Path, say: Say, install: Install | None = None) -> Path:
    """The interpreter of the environment, built first if it is not there yet.

    Args:
        wanted: what it holds.
        cache: the cache directory.
        say: receives one line before a download starts.
        install: replaces pip (for tests).
    Raises:
        UserError: it could not be built; pip's last line is in the message.
    """
    place = cache / "environments" / f"{wanted.name}-{digest(wanted.lock)}"
    python = interpreter(place)
    if python.exists():
        return python
    say(
        f"{wanted.name}: first use, about {wanted.megabytes} MB to download, "
        f"about {wanted.seconds} s (kept in {place.parent})"
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear_old(place.parent)
        if place.exists():  # a Python that has since been removed, or a damaged cache
            _remove(place)
        beside = place.parent / f".{place.name}-{secrets.token_hex(4)}"
        try:
            _build(wanted, beside, install or _pip)
            _move(beside, place)
        finally:
            _remove(beside)
    except OSError as error:
        raise UserError(
            f"cannot write the sandbox's cache: {error.strerror or error}",
            where=str(place.parent),
            command="set MQSCAFFOLD_CACHE to a folder that can be written",
        ) from error
    return python


def _build(wanted: Wanted, place: Path, install: Install) -> None:
    log = place.parent / f"{place.name}.log"
    try:
        with log.open("wb") as out:
            made = subprocess.run(
                [sys.executable, "-P", "-m", "venv", str(place)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=_pip_environment(),
                check=False,
            ).returncode
        python = str(interpreter(place))
        if made or install(python, wanted.lock, log) or _try_imports(python, wanted, log):
            raise UserError(
                f"cannot install {wanted.name}: {_reason(log)}",
                where=str(wanted.lock),
                command="check the network, pip's index and its proxy (pip config list)",
            )
    finally:
        log.unlink(missing_ok=True)


def _pip_environment() -> dict[str, str]:
    """This process's own, so that pip finds its index, proxy and certificates; without what would
    send the packages elsewhere."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT")
    # Compiled files are wanted here: without them every start of a child would compile anew.
    hidden += ("PYTHONDONTWRITEBYTECODE",)
    return {name: value for name, value in os.environ.items() if name not in hidden}


def _pip(python: str, lock: Path, log: Path) -> int:
    command = [
        python,
        "-P",
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-compile",
        "--no-input",
    ]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(lock)]
    with log.open("ab") as out:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_pip_environment(),
            check=False,
        ).returncode


def _try_imports(python: str, wanted: Wanted, log: Path) -> int:
    """Imports what will be used: shows that the environment works, and compiles just that.

    `-P` here and above: nothing in the current directory may stand in for a module.
    """
    with log.open("ab") as out:
        return subprocess.run(
            [
                python,
                "-P",
                "-c",
                "; ".join(f"import {module}" for module in wanted.modules) or "pass",
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_pip_environment(),
            check=False,
        ).returncode


def _move(built: Path, place: Path) -> None:
    try:
        built.rename(place)
    except OSError:
        if not interpreter(place).exists():  # else another run was first: its is as good
            raise


def _clear_old(folder: Path) -> None:
    """Removes what builds that were killed have left; a day is longer than any build."""
    for left in folder.glob(".*"):
        if time.time() - left.stat().st_mtime > _DAY:
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _reason(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason given"])[-1].strip()


def project_python(
    project: Path,
    cache: Path,
    say: Say,
    install: Install | None = None,
    modules: tuple[str, ...] = PROJECT_MODULES,
) -> Path:
    """The interpreter that runs the project: its own `.venv` if that has the modules it needs,
    else a cached environment made from its `requirements-dev.lock`.

    Raises:
        UserError: there is neither.
    """
    own = interpreter(project / ".venv")
    if own.exists() and _has(own, modules):
        return own
    lock = project / "requirements-dev.lock"
    if not lock.exists():
        raise UserError(
            f"the project has no .venv with {', '.join(modules)}, and no lock to make one",
            where=str(lock),
            command="python -m venv .venv, then install the project's requirements in it",
        )
    if own.exists():
        say(f"{project / '.venv'} lacks one of {', '.join(modules)}: not used")
    return ensure(
        Wanted("project", lock, (*modules, "pulumi_aws.sqs", "pulumi_aws.sns"), 60, 30),
        cache,
        say,
        install,
    )


def _has(python: Path, modules: tuple[str, ...]) -> bool:
    """Whether the modules are installed there (looked for, not imported: that takes seconds)."""
    look = f"import importlib.util as u; raise SystemExit(not all(map(u.find_spec, {modules!r})))"
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", look],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
