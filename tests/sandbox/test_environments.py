"""Cached environments: where, when they are built, and what a failed or doubled build leaves."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from mqscaffold.errors import UserError
from mqscaffold.sandbox import environments
from mqscaffold.sandbox.environments import (
    Wanted,
    cache_directory,
    digest,
    ensure,
    interpreter,
    project_python,
)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "tool.lock"
    path.write_text("tool==1.0 --hash=sha256:00\n", encoding="utf-8")
    return path


class FakePip:
    """Stands in for pip: notes what it was asked for, can fail, can take its time."""

    def __init__(self, code: int = 0, seconds: float = 0.0) -> None:
        self.code, self.seconds = code, seconds
        self.calls: list[tuple[str, Path]] = []

    def __call__(self, python: str, lock: Path, log: Path) -> int:
        self.calls.append((python, lock))
        with log.open("a", encoding="utf-8") as out:
            out.write("Collecting tool\nERROR: no matching distribution\nhint: none\n")
        time.sleep(self.seconds)
        return self.code


@pytest.fixture(autouse=True)
def _light_venv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A venv without pip, which is what takes seconds; the fake needs none."""
    script = tmp_path / "venv-only"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@" --without-pip\n', encoding="utf-8")
    script.chmod(0o755)
    if os.name == "posix":
        monkeypatch.setattr(environments.sys, "executable", str(script))


def wanted(lock: Path, *modules: str) -> Wanted:
    return Wanted("tool", lock, modules, 20, 10)


def test_it_is_built_once_and_its_cost_is_said_first(lock: Path, tmp_path: Path) -> None:
    pip, said = FakePip(), list[str]()
    first = ensure(wanted(lock, "json"), tmp_path / "cache", said.append, pip)
    second = ensure(wanted(lock, "json"), tmp_path / "cache", said.append, pip)
    assert first == second
    assert first.exists()
    assert len(pip.calls) == 1
    assert len(said) == 1
    assert "about 20 MB to download, about 10 s" in said[0]
    assert [path.name for path in first.parents[2].iterdir()] == [first.parents[1].name]


def test_another_lock_is_another_environment(lock: Path, tmp_path: Path) -> None:
    before = digest(lock)
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    assert digest(lock) == before
    lock.write_text("tool==1.1\n", encoding="utf-8")
    assert digest(lock) != before


@pytest.mark.parametrize("failing", ["pip", "import"])
def test_a_failed_build_leaves_nothing(lock: Path, tmp_path: Path, failing: str) -> None:
    pip = FakePip(code=1 if failing == "pip" else 0)
    modules = ["no_such_module"] if failing == "import" else []
    with pytest.raises(UserError, match="cannot install tool") as caught:
        ensure(wanted(lock, *modules), tmp_path / "cache", lambda _: None, pip)
    reason = "no matching distribution" if failing == "pip" else "no_such_module"
    assert reason in caught.value.message or failing == "import"
    assert list((tmp_path / "cache" / "environments").iterdir()) == []


def test_two_builds_at_once_share_one(lock: Path, tmp_path: Path) -> None:
    pip, found = FakePip(seconds=0.3), list[Path]()
    threads = [
        threading.Thread(
            target=lambda: found.append(
                ensure(wanted(lock), tmp_path / "cache", lambda _: None, pip)
            )
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 2
    assert len(list(found[0].parents[2].iterdir())) == 1


def test_a_damaged_environment_is_built_again(lock: Path, tmp_path: Path) -> None:
    pip = FakePip()
    python = ensure(wanted(lock), tmp_path / "cache", lambda _: None, pip)
    python.unlink()
    assert ensure(wanted(lock), tmp_path / "cache", lambda _: None, pip).exists()
    assert len(pip.calls) == 2


def test_old_leftovers_are_cleared_and_fresh_ones_kept(lock: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "environments"
    for name, age in ((".old-1", 2 * 86_400), (".new-1", 60)):
        (folder / name).mkdir(parents=True)
        then = time.time() - age
        os.utime(folder / name, (then, then))
    ensure(wanted(lock), tmp_path / "cache", lambda _: None, FakePip())
    assert sorted(path.name for path in folder.glob(".*")) == [".new-1"]


def test_a_cache_that_cannot_be_written_is_named(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match="cannot write the sandbox's cache") as caught:
        ensure(wanted(lock), tmp_path / "cache", lambda _: None, FakePip())
    assert "MQSCAFFOLD_CACHE" in (caught.value.command or "")


def test_where_caches_are() -> None:
    home = Path("/home/me")
    assert cache_directory({}, "linux", home) == home / ".cache" / "mqscaffold"
    assert cache_directory({"XDG_CACHE_HOME": "/c"}, "linux", home) == Path("/c/mqscaffold")
    assert cache_directory({}, "darwin", home) == home / "Library" / "Caches" / "mqscaffold"
    local = cache_directory({"LOCALAPPDATA": "/local"}, "win32", home)
    assert local == Path("/local") / "mqscaffold" / "Cache"
    assert cache_directory({"MQSCAFFOLD_CACHE": "/own"}, "darwin", home) == Path("/own").absolute()
    assert interpreter(Path("v"), "win32") == Path("v") / "Scripts" / "python.exe"
    assert interpreter(Path("v"), "linux") == Path("v") / "bin" / "python"


@pytest.mark.skipif(os.name != "posix", reason="makes a stand-in interpreter with a shell script")
def test_the_projects_own_environment_goes_first(tmp_path: Path) -> None:
    own = interpreter(tmp_path / ".venv")
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    own.chmod(0o755)
    assert project_python(tmp_path, tmp_path / "cache", lambda _: None, FakePip(1)) == own
    own.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    said: list[str] = []
    with pytest.raises(UserError, match="no lock to make one"):
        project_python(tmp_path, tmp_path / "cache", said.append, FakePip())
    (tmp_path / "requirements-dev.lock").write_text("x==1\n", encoding="utf-8")
    with pytest.raises(UserError, match="cannot install project"):
        project_python(tmp_path, tmp_path / "cache", said.append, FakePip(1))
    assert "not used" in said[0]


def test_the_lock_of_ministack_has_hashes_and_names_no_host() -> None:
    from mqscaffold.sandbox.ministack import LOCK, VERSION

    text = LOCK.read_text(encoding="utf-8")
    assert f"ministack=={VERSION} " in text
    assert "://" not in text
    pinned = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert all(line.endswith("\\") for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
