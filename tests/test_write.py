"""A project is written whole or not at all, and never over somebody's files unasked."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqscaffold.errors import UserError
from mqscaffold.project import overwrite
from mqscaffold.project.diff import diff
from mqscaffold.project.snapshot import snapshot
from mqscaffold.project.write import check_target, write_tree
from mqscaffold.render.files import File, check_paths

ROOT = Path(__file__).parents[1]
FILES = [
    File("README.md", "# orders\n", "merged"),
    File("src/orders/__init__.py", "", "managed"),
    File("src/orders/handlers/billing.py", "größe = '10 ≥ 5'\n", "seeded"),
]
needs_posix = pytest.mark.skipif(os.name == "nt", reason="signals and modes of POSIX")


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its text, and every empty folder with a slash."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                found[f"{name}/"] = ""
        else:
            found[name] = path.read_bytes().decode()
    return found


def as_tree(files: Sequence[File]) -> dict[str, str]:
    return {file.path: file.text for file in files}


# A new project


def test_a_project_appears_with_exact_bytes_and_nothing_beside_it(tmp_path: Path) -> None:
    write_tree(tmp_path / "orders", FILES)
    assert tree(tmp_path) == {f"orders/{path}": text for path, text in as_tree(FILES).items()}


def test_missing_folders_above_appear_with_it(tmp_path: Path) -> None:
    write_tree(tmp_path / "a" / "b" / "orders", FILES)
    assert tree(tmp_path / "a" / "b" / "orders") == as_tree(FILES)


def test_an_empty_folder_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    write_tree(tmp_path / "orders", FILES)
    assert tree(tmp_path / "orders") == as_tree(FILES)


def test_a_relative_target_is_below_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(Path("orders"), FILES)
    assert tree(tmp_path / "orders") == as_tree(FILES)


@needs_posix
def test_folders_and_files_have_the_modes_that_the_user_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_tree(tmp_path / "orders", FILES)
    finally:
        os.umask(before)
    assert (tmp_path / "orders").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "orders/README.md").stat().st_mode & 0o777 == 0o640


# Targets that are refused


def test_a_folder_with_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/README.md").write_text("mine")
    (tmp_path / "orders/notes").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(UserError, match="1 of its files would be replaced") as caught:
        write_tree(tmp_path / "orders", FILES)
    assert "--force" in str(caught.value.command)
    with pytest.raises(UserError):
        check_target(tmp_path / "orders", FILES)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("above", ["", "a/b/"])
def test_a_file_in_the_way_is_refused(tmp_path: Path, above: str) -> None:
    name = (above or "orders/").split("/")[0]
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="file is in the way"):
        write_tree(tmp_path / above / "orders", FILES)
    assert tree(tmp_path) == {name: "mine"}


@pytest.mark.parametrize("force", [False, True])
def test_a_symbolic_link_is_refused(tmp_path: Path, force: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "orders").symlink_to("elsewhere")
    with pytest.raises(UserError, match="symbolic link"):
        write_tree(tmp_path / "orders", FILES, force=force)
    assert tree(tmp_path / "elsewhere") == {}


@needs_posix
def test_a_folder_that_may_not_be_written_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: int = 0o777) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "mkdir", refuse)  # root may write anywhere, so modes prove nothing
    with pytest.raises(UserError, match="no permission to write there; nothing was changed"):
        write_tree(tmp_path / "orders", FILES)


# Paths


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "C:/x", "a\\b", "a:b"),
        *("nul", "src/AUX.py", "a /b", "a./b", "a\nb", "a\x1bb", "com1.txt", "\ud800"),
    ],
)
def test_a_path_that_could_leave_the_project_is_refused(path: str) -> None:
    with pytest.raises(UserError, match="generated file would have the path"):
        File(path, "", "managed")


@pytest.mark.parametrize("path", [".github/workflows/test.yml", ".gitignore", "a b/c-d_e.py"])
def test_ordinary_paths_pass(path: str) -> None:
    assert File(path, "", "managed").path == path


def test_carriage_returns_never_enter_a_file() -> None:
    with pytest.raises(ValueError, match="carriage return"):
        File("a", "x\r\n", "managed")


def test_a_lone_surrogate_names_its_file_and_line(tmp_path: Path) -> None:
    bad = File("a.txt", "one\ntwo \ud800\n", "managed")
    with pytest.raises(UserError) as caught:
        write_tree(tmp_path / "orders", [*FILES, bad])
    assert caught.value.where == "a.txt, line 2"
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.py", "a.py"), ("README.md", "readme.md"), ("src", "src/a.py"), ("SRC/x/y.py", "src/X")],
)
def test_two_files_on_one_path_are_refused_with_both_named(first: str, second: str) -> None:
    files = [File(first, "", "managed"), File(second, "", "managed")]
    for order in (files, files[::-1]):
        with pytest.raises(UserError) as caught:
            check_paths(order)
        assert first in caught.value.message
        assert second in caught.value.message


# Failures half-way


def break_write(monkeypatch: pytest.MonkeyPatch, count: int, error: BaseException) -> None:
    """Let the file number `count` fail as it is written, after its first byte."""
    real, calls = open, iter(range(1000))

    def broken(path: str, mode: str = "r", **options: object) -> object:
        stream = real(path, mode, **options)  # type: ignore[call-overload]
        if mode == "xb" and next(calls) == count:
            stream.write(b"x")
            stream.close()
            raise error
        return stream

    monkeypatch.setattr("builtins.open", broken)


@pytest.mark.parametrize("count", range(len(FILES)))
@pytest.mark.parametrize("target", ["orders", "a/b/orders"])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, target: str
) -> None:
    break_write(monkeypatch, count, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(UserError, match="the disk is full; nothing was changed"):
        write_tree(tmp_path / target, FILES)
    assert tree(tmp_path) == {}


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_write(monkeypatch, 1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write_tree(tmp_path / "orders", FILES)
    assert tree(tmp_path) == {}


CHILD = """
    import os, signal, sys
    from pathlib import Path
    from mqscaffold.project import write
    from mqscaffold.render.files import File
    target, step, sign, force = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "force"
    files = [File(f"d{n}/f{n}", f"new {n}\\n", "managed") for n in range(4)]
    steps = iter(range(1000))
    def die(*_):
        if next(steps) == step:
            os.kill(os.getpid(), getattr(signal, sign))
    real_open, real_rename = open, os.rename
    def opened(path, mode="r", **options):
        if mode == "xb":
            die()
        return real_open(path, mode, **options)
    def renamed(*paths):
        die()
        real_rename(*paths)
    __builtins__.open, os.rename = opened, renamed
    write.write_tree(Path(target), files, force=force)
"""


def run_child(target: Path, step: int, sign: str, force: bool = False) -> int:
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(target), str(step), sign]
    command.append("force" if force else "no")
    return subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.DEVNULL).returncode


@needs_posix
def test_told_to_end_half_way_it_leaves_nothing(tmp_path: Path) -> None:
    assert run_child(tmp_path / "orders", 2, "SIGTERM") == 128 + signal.SIGTERM
    assert tree(tmp_path) == {}


@needs_posix
def test_killed_half_way_nothing_is_at_the_target_and_the_next_run_tidies(tmp_path: Path) -> None:
    target = tmp_path / "orders"
    assert run_child(target, 2, "SIGKILL") == -signal.SIGKILL
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".orders.mqscaffold-tmp"]
    write_tree(target, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]
    assert tree(target) == as_tree(FILES)


# With force


def occupied(folder: Path) -> Path:
    folder.mkdir()
    (folder / "README.md").write_text("mine")
    (folder / "notes.txt").write_text("mine too")
    (folder / "src/orders").mkdir(parents=True)
    (folder / "src/orders/__init__.py").write_text("")
    return folder


def test_force_adds_and_replaces_and_deletes_nothing(tmp_path: Path) -> None:
    target = occupied(tmp_path / "orders")
    same = (target / "src/orders/__init__.py").stat()
    write_tree(target, FILES, force=True)
    assert tree(target) == {**as_tree(FILES), "notes.txt": "mine too"}
    assert (target / "src/orders/__init__.py").stat().st_mtime_ns == same.st_mtime_ns


@needs_posix
def test_force_keeps_the_mode_of_a_file_it_replaces(tmp_path: Path) -> None:
    target = occupied(tmp_path / "orders")
    (target / "README.md").chmod(0o755)
    write_tree(target, FILES, force=True)
    assert (target / "README.md").stat().st_mode & 0o777 == 0o755


def test_force_on_a_new_target_writes_it(tmp_path: Path) -> None:
    write_tree(tmp_path / "orders", FILES, force=True)
    assert tree(tmp_path / "orders") == as_tree(FILES)


@pytest.mark.parametrize("name", ["README.md", "src", "src/orders/handlers"])
def test_force_follows_no_link(tmp_path: Path, name: str) -> None:
    target = tmp_path / "orders"
    (target / name).parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (target / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="symbolic link is in the way"):
        write_tree(target, FILES, force=True)
    assert tree(tmp_path / "elsewhere") == {}
    assert (target / name).is_symlink()
    assert not (target / ".mqscaffold-tmp").exists()


@pytest.mark.parametrize(("name", "found"), [("README.md/x", "folder"), ("src", "file")])
def test_force_replaces_no_folder_and_no_file_by_the_other(
    tmp_path: Path, name: str, found: str
) -> None:
    target = tmp_path / "orders"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_text("mine")
    with pytest.raises(UserError, match=f"a {found} is in the way"):
        write_tree(target, FILES, force=True)
    assert tree(target) == {name: "mine"}


@pytest.mark.parametrize("count", range(3))
def test_force_on_a_full_disk_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    target = occupied(tmp_path / "orders")
    before, calls, real = tree(tmp_path), iter(range(100)), overwrite._swap

    def broken(root: str, folder: str, path: str) -> None:
        if next(calls) == count:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(root, folder, path)

    monkeypatch.setattr(overwrite, "_swap", broken)
    if count < 2:  # two of the three files differ
        with pytest.raises(UserError, match="disk is full"):
            write_tree(target, FILES, force=True)
        assert tree(tmp_path) == before
    else:
        write_tree(target, FILES, force=True)
        assert (target / "README.md").read_text() == "# orders\n"


@needs_posix
@pytest.mark.parametrize("step", range(11))  # 4 files, the journal, 2 exchanges, 2 additions
def test_force_killed_anywhere_is_undone_by_the_next_run(tmp_path: Path, step: int) -> None:
    target = tmp_path / "orders"
    for n in (0, 2):
        (target / f"d{n}").mkdir(parents=True)
        (target / f"d{n}/f{n}").write_text("mine")
    before = tree(target)
    assert run_child(target, step, "SIGKILL", force=True) == -signal.SIGKILL
    with pytest.raises(UserError):
        write_tree(target, FILES)
    assert tree(target) == before


# Two at once


def racer(target: str, number: int, barrier: threading.Barrier, results: list[str]) -> None:
    files = [File(f"d/f{n}", f"by {number}\n", "managed") for n in range(40)]
    barrier.wait()
    try:
        write_tree(Path(target), files)
        results.append("won")
    except UserError as error:
        results.append(error.message)


def race(target: str, number: int, start: object, results: object) -> None:
    found: list[str] = []
    racer(target, number, start, found)  # type: ignore[arg-type]
    results.put(found)  # type: ignore[attr-defined]


@needs_posix
def test_two_processes_on_one_target_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    target = tmp_path / "orders"
    runs = [context.Process(target=race, args=(str(target), n, start, results)) for n in range(2)]
    for run in runs:
        run.start()
    outcomes = sorted(results.get(timeout=60)[0] for _ in runs)
    for run in runs:
        run.join(60)
    assert outcomes.count("won") == 1
    other = next(outcome for outcome in outcomes if outcome != "won")
    assert "another mqscaffold is writing" in other or "holds files" in other
    assert len({path.read_text() for path in target.glob("d/*")}) == 1
    assert len(list(target.glob("d/*"))) == 40
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


def test_threads_on_one_target_never_mix(tmp_path: Path) -> None:
    barrier, results = threading.Barrier(4), list[str]()
    threads = [
        threading.Thread(target=racer, args=(str(tmp_path / "orders"), n, barrier, results))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("won") == 1
    assert len({path.read_text() for path in (tmp_path / "orders/d").iterdir()}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


def test_a_writer_that_is_still_alive_is_never_disturbed(tmp_path: Path) -> None:
    from mqscaffold.project.claim import claimed

    folder = tmp_path / ".orders.mqscaffold-tmp"
    with claimed(str(folder), "orders") as stale:
        assert not stale
        (folder / "half").write_text("")
        with pytest.raises(UserError, match="another mqscaffold is writing there now"):
            write_tree(tmp_path / "orders", FILES)
        assert (folder / "half").exists()
    assert tree(tmp_path) == {}


def test_a_link_in_place_of_our_own_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious").write_text("mine")
    (tmp_path / ".orders.mqscaffold-tmp").symlink_to("elsewhere")
    with pytest.raises(UserError, match="is in the way"):
        write_tree(tmp_path / "orders", FILES)
    assert tree(tmp_path / "elsewhere") == {"precious": "mine"}


# Any tree

SEGMENT = st.text("abcAB.-_ é", min_size=1, max_size=4)
TREES = st.dictionaries(
    st.lists(SEGMENT, min_size=1, max_size=3).map("/".join),
    st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=20),
    max_size=8,
)


@given(TREES)
def test_any_tree_is_refused_before_writing_or_written_exactly(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        files = [File(path, text, "managed") for path, text in texts.items()]
        write_tree(folder / "orders", files)
    except UserError:
        assert tree(folder) == {}
    else:
        assert tree(folder / "orders") == texts


# The record and the difference


def test_the_record_has_hash_class_and_text_of_every_file_in_order() -> None:
    state, base = snapshot(FILES[::-1], name="mqscaffold", version="0.1.0", digest="sha256:ab")
    assert (state.path, base.path) == (".mqscaffold/state.json", ".mqscaffold/base.json")
    recorded = json.loads(state.text)
    assert recorded["catalog"] == {
        "name": "mqscaffold",
        "version": "0.1.0",
        "digest": "sha256:ab",
    }
    assert list(recorded["files"]) == sorted(file.path for file in FILES)
    assert recorded["files"]["src/orders/__init__.py"] == {
        "class": "managed",
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
    assert json.loads(base.text)["files"] == as_tree(FILES)


def test_the_record_does_not_depend_on_the_order_of_files() -> None:
    catalog = {"name": "m", "version": "1", "digest": "d"}
    assert snapshot(FILES, **catalog) == snapshot(FILES[::-1], **catalog)


def test_a_diff_against_nothing_adds_everything_and_writes_nothing(tmp_path: Path) -> None:
    text = diff(FILES, tmp_path / "orders")
    assert text.startswith(
        "diff --git a/README.md b/README.md\nnew file mode 100644\n"
        "--- /dev/null\n+++ b/README.md\n@@ -0,0 +1 @@\n+# orders\n"
    )
    assert tree(tmp_path) == {}


def test_a_diff_is_what_git_would_apply(tmp_path: Path) -> None:
    target = occupied(tmp_path / "orders")
    (target / "ending").write_text("no newline")
    files = [*FILES, File("ending", "one\ntwo\x0cthree", "merged"), File("one", "1\n2\n", "merged")]
    patch = tmp_path / "patch"
    patch.write_text(diff(files, target))
    subprocess.run(["git", "apply", str(patch)], cwd=target, check=True)
    assert tree(target) == {**as_tree(files), "notes.txt": "mine too"}
    assert diff(files, target) == ""
