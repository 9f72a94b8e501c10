"""What users hand in: --set, --with, --answers, the environment, and answers on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from mqscaffold.cli import answers, prompt
from mqscaffold.cli.answers import parse_features, parse_sets, read_answers, read_environment
from mqscaffold.errors import UserError
from mqscaffold.render.request import Question

ROOT = Path(__file__).parents[1]


# --set, --with, --answers, the environment


@pytest.mark.parametrize(
    ("texts", "message", "near"),
    [
        (["fifo"], "--set takes KEY=VALUE, not 'fifo'", ("fifo=VALUE",)),
        (["=true"], "--set has no key before the =", ("KEY=true",)),
        ([" =true"], "--set has no key before the =", ("KEY =true",)),
        (["a=1", "a=2"], "'a' is set twice, to '1' and to '2'", ()),
        (["a=1", "a=1"], "'a' is set twice, to '1' and to '1'", ()),
        (["a=\x1b[2J"], r"'\x1b' is a character that cannot be shown", ()),
        (["a\n=1"], r"'\n' is a character that cannot be shown", ()),
        (["a=\u202e"], r"'\u202e' is a character that cannot be shown", ()),
        (["a=" + "x" * 100_000], "a value of 100000 characters; at most 10000 make sense", ()),
    ],
)
def test_sets_that_are_refused(texts: list[str], message: str, near: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        parse_sets(texts)
    assert caught.value.message == message
    assert caught.value.near == near
    assert all(len(line) < 200 for line in caught.value.lines())


def test_sets_keep_their_order_and_everything_after_the_first_equals_sign() -> None:
    assert parse_sets(["b=1=2", "a="]) == (("b", "1=2"), ("a", ""))


def test_features_are_split_and_said_once() -> None:
    assert parse_features(["a, b", "b,c"]) == ("a", "b", "c")
    with pytest.raises(UserError, match="empty name"):
        parse_features(["a,,b"])


def test_the_environment_is_only_what_is_ours() -> None:
    assert read_environment({"MQSCAFFOLD_SET_FIFO": "true", "PATH": "/"}) == {
        "MQSCAFFOLD_SET_FIFO": "true"
    }
    with pytest.raises(UserError) as caught:
        read_environment({"MQSCAFFOLD_SET_FIFO": "\x00"})
    assert caught.value.where == "MQSCAFFOLD_SET_FIFO"


@pytest.mark.parametrize(
    ("content", "message", "where"),
    [
        (b"fifo: true\n", "it is not TOML: Expected '='", "line 1, column 5"),
        (b'a = 1\nb = "x', "it is not TOML: Unterminated string", "at its end"),
        (b"a = 1\na = 2\n", "it is not TOML: Cannot overwrite a value", "line 2, column 6"),
        (b"a = 1\nb = '\xff'\n", "it is not UTF-8 text", "line 2"),
        (b'[flows.x]\na = "\\u001b"\n', "is a character that cannot be shown", ", flows.x.a"),
        (b'a = ["b\\nc"]\n', "is a character that cannot be shown", ", a"),
        (b"a = '" + b"x" * 20_000 + b"'\n", "a value of 20000 characters", ", a"),
        (b"#" * 1_000_001, "the file has more than 1 MB", "--answers"),
    ],
)
def test_answers_that_are_refused(tmp_path: Path, content: bytes, message: str, where: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_answers(str(path))
    assert message in caught.value.message
    assert where in str(caught.value.where)


def test_an_answers_file_that_is_not_there_has_its_neighbour_named(tmp_path: Path) -> None:
    (tmp_path / "jobs.toml").write_text("")
    with pytest.raises(UserError, match="no such file") as caught:
        read_answers(str(tmp_path / "job.toml"))
    assert caught.value.near == (str(tmp_path / "jobs.toml"),)
    with pytest.raises(UserError, match="it is a folder"):
        read_answers(str(tmp_path))


def test_answers_are_what_toml_says(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('fifo = true\n[subscribers.billing]\nmax_handler = "60s"\n')
    assert read_answers(str(path)) == {
        "fifo": True,
        "subscribers": {"billing": {"max_handler": "60s"}},
    }


def test_the_prefix_is_the_one_that_the_pipeline_reads() -> None:
    from mqscaffold.render.request import ENVIRONMENT

    assert answers.PREFIX == ENVIRONMENT


# Questions

QUESTION = Question("fifo", "In order?", "false", ("true", "false"))


def answered(monkeypatch: pytest.MonkeyPatch, lines: Sequence[str], question: Question) -> str:
    remaining = iter(lines)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=lambda: next(remaining, "")))
    return prompt.ask(question)


def test_enter_takes_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, ["\n"], QUESTION) == "false"


def test_a_wrong_answer_is_told_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answered(monkeypatch, ["tru\n", " true \n"], QUESTION) == "true"
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("In order? (true, false) [false]: ") == 2
    assert "nearest: true" in captured.err


def test_an_answer_is_checked_as_the_setting_would(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(text: str) -> None:
        if text != "5":
            raise UserError("not five")

    question = Question("count", "How many?", "5", (), check)
    assert answered(monkeypatch, ["6\n", "5\n"], question) == "5"


def test_the_end_of_input_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EOFError):
        answered(monkeypatch, ["nonsense\n"], QUESTION)


TERMINAL = """
    import sys
    from types import SimpleNamespace
    from mqscaffold.cli import bodies, main
    import mqscaffold.render
    from mqscaffold.render.files import File
    from mqscaffold.render.request import Question
    def new(request, catalog):
        asked = request.ask is not None
        answer = request.ask(Question("fifo", "In order?", "no")) if asked else "not asked"
        return SimpleNamespace(name="orders", plan=None, files=(File("a", answer, "seeded"),))
    mqscaffold.render.new, bodies.stacks = new, lambda *_: {}
    sys.argv[0] = "mqscaffold"
    main()
"""


class Terminal:
    """A child on a pseudo-terminal: what it shows, what it is told, its exit code."""

    def __init__(self, folder: Path, *options: str) -> None:
        import pty

        command = [sys.executable, "-c", textwrap.dedent(TERMINAL), "new", *options]
        self.control, inside = pty.openpty()
        self.child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        while text not in self.shown:
            self.shown += os.read(self.control, 1000).decode()

    def type(self, text: str) -> None:
        os.write(self.control, text.encode())

    def close(self) -> int:
        os.close(self.control)
        return self.child.wait(30)

    def end(self) -> int:
        code = self.child.wait(30)
        try:
            while True:
                self.shown += os.read(self.control, 1000).decode()
        except OSError:  # the other side is closed
            os.close(self.control)
        return code


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of POSIX")
class TestTerminal:
    def test_a_question_is_answered(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.wait_for("In order? [no]: ")
        terminal.type("yes\n")
        assert terminal.end() == 0, terminal.shown
        assert (tmp_path / "orders/a").read_text() == "yes"

    @pytest.mark.parametrize("option", ["--yes", "--json"])
    def test_nothing_is_asked_when_told_so(self, tmp_path: Path, option: str) -> None:
        assert Terminal(tmp_path, option).end() == 0
        assert (tmp_path / "orders/a").read_text() == "not asked"

    def test_end_of_input_during_a_question(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.wait_for("In order? [no]: ")
        terminal.type("\x04")
        assert terminal.end() == 2
        assert "the input ended before an answer came; nothing was written" in terminal.shown
        assert "Traceback" not in terminal.shown
        assert list(tmp_path.iterdir()) == []

    def test_a_terminal_that_is_closed_during_a_question(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.wait_for("In order? [no]: ")
        assert terminal.close() == 2
        assert list(tmp_path.iterdir()) == []

    def test_an_interrupt_during_a_question(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        terminal.wait_for("In order? [no]: ")
        os.kill(terminal.child.pid, signal.SIGINT)
        assert terminal.end() == 130
        assert "interrupted; nothing was written" in terminal.shown
        assert "Traceback" not in terminal.shown
        assert list(tmp_path.iterdir()) == []
