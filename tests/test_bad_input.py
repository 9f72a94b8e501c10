"""Everything wrong that a user can hand in, as one table: exit 2, at most six lines, no traceback,
nothing written, and under --json the same as an object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mqscaffold.catalog import load as loading
from mqscaffold.catalog.load import Catalog
from mqscaffold.cli import pages
from mqscaffold.cli.shell import shell
from mqscaffold.errors import UserError
from mqscaffold.names import SHADOWS, check_name
from mqscaffold.project.tomlfile import read_toml

ROOT = Path(__file__).parents[1]
FANOUT = ("new", "--yes", "--pattern", "fanout", "--service", "sns-sqs")
QUEUE = ("new", "--yes", "--pattern", "work-queue", "--service", "sqs")


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str


class Run:
    """The command line in this process, in a folder of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            shell(list(arguments))
        captured = self._capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return loading.load()


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    catalog: Catalog,
) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "load", lambda: catalog)
    return Run(capsys)


def sets(*texts: str) -> tuple[str, ...]:
    return (*FANOUT, *(part for text in texts for part in ("--set", text)))


def refuse(run: Run, arguments: tuple[str, ...], *fragments: str) -> None:
    """The command is refused as every mistake is, and its error holds the fragments."""
    ended = run(*arguments)
    assert ended.code == 2, ended
    assert ended.out == ""
    lines = ended.err.splitlines()
    assert 1 <= len(lines) <= 6
    assert lines[0].startswith("Error: ")
    assert lines[-1].startswith("  try: "), "no next command"
    assert "  where: " in ended.err or arguments == ("nwe",)
    assert "Traceback" not in ended.err
    assert "mistake in mqscaffold" not in ended.err
    for fragment in fragments:
        assert fragment in ended.err
    as_json = run(arguments[0], "--json", *arguments[1:])
    assert (as_json.code, as_json.err) == (2, "")
    body = json.loads(as_json.out)["error"]
    assert set(body) == {"message", "where", "nearest", "next"}
    assert f"Error: {body['message']}" == lines[0]
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (("nwe",), ("unknown command 'nwe'", "nearest: new")),
        (("new", "--patern", "x"), ("unknown option '--patern'", "nearest: --pattern")),
        (("new", "--yes"), ("no pattern is given", "nearest: fanout")),
        (("new", "--yes", "-p", "fanuot", "-s", "sqs"), ("unknown pattern", "nearest: fanout")),
        (("new", "--yes", "-p", "fanout", "-s", "snssqs"), ("unknown service", "sns-sqs")),
        ((*FANOUT, "--with", "claimcheck"), ("unknown feature", "nearest: claim-check")),
        ((*FANOUT, "--with", ",,"), ("--with has an empty name",)),
        ((*FANOUT, "--with", "claim-check"), ("planned",)),
        # Settings
        (sets("fif=true"), ("unknown setting 'fif'", "nearest: fifo")),
        (sets("fifo"), ("--set takes KEY=VALUE, not 'fifo'",)),
        (sets("=x"), ("--set has no key before the =",)),
        (sets("fifo=maybe"), ("fifo = maybe is neither", "try: mqscaffold explain sns-sqs.fifo")),
        (sets("fifo=true", "fifo=false"), ("'fifo' is set twice, to 'true' and to 'false'",)),
        (sets("fifo=true", "dev/fifo=false"), ("fifo must be the same on dev and prod",)),
        (sets("retention=15d"), ("allowed: 1m to 14d", "nearest: 14d")),
        (sets("retention=7"), ("write it with a unit",)),
        (sets("retention=7x"), ("write it with a unit",)),
        (sets("max_receive_count=2"), ("allowed: 3 to 1000", "nearest: 3")),
        (sets("concurrency=0"), ("allowed: 1 to 200",)),
        (sets("on_failure=blok", "fifo=true"), ("dead-letter or block", "nearest: block")),
        (sets("on_failure=block"), ("on_failure has no effect here: it needs fifo",)),
        (sets("dlq_retention=1m"), ("retention = 4d, dlq_retention = 1m",)),
        (sets("vpc_endpoint=true"), ("vpc_endpoint is planned",)),
        (sets("qa/retention=7d"), ("'qa' is no stack",)),
        (sets("orders:retention=7d"), ("flow 'orders'", "nearest: fanout-sns-sqs")),
        (sets("...=1"), ("no setting's address",)),
        (sets("filter={"), ("is not JSON",)),
        (sets("filter=[]"), ("is not a JSON object",)),
        (sets("topic=foo"), ("an SNS topic's ARN",)),
        (sets("tags=a"), ("KEY=VALUE",)),
        (sets("retention=\x1b[31m"), (r"'\x1b' is a character that cannot be shown",)),
        (sets("retention=" + "7" * 100_000), ("a value of 100000 characters",)),
        # Subscribers
        (sets("subscribers.nobody.filter={}"), ("'nobody'", "nearest: billing, shipping")),
        (sets("subscriber.billing.filter={}"), ("unknown list", "nearest: subscribers")),
        (sets("subscribers=a,a"), ("names 'a' twice",)),
        (sets("subscribers=producer"), ("the project uses it itself", "my-producer")),
        (sets("subscribers=key"), ("the project uses it itself", "my-key")),
        (sets("subscribers=class"), ("a word of the Python language", "my-class")),
        (sets("subscribers=../x"), ("'../x'",)),
        (sets("subscribers=eu--billing"), ("nearest: eu-billing",)),
        (
            sets("subscribers=billing-dlq,billing"),
            ("subscriber billing-dlq of fanout-sns-sqs and subscriber billing of fanout-sns-sqs",),
        ),
        # Cells
        (
            ("new", "--yes", "-p", "work-queue", "-s", "sns"),
            (
                "work-queue on sns is refused: SNS pushes messages",
                "nearest: work-queue on sns-sqs, work-queue on sqs",
            ),
        ),
        (
            ("new", "--yes", "-p", "fanout", "-s", "kafka"),
            ("fanout on kafka is planned", "nearest: fanout on sns-sqs"),
        ),
        ((*QUEUE, "--set", "subscribers=a"), ("work-queue on sqs has no subscribers",)),
        # The other commands
        (("show", "fanuot", "sqs"), ("unknown pattern", "nearest: fanout")),
        (("show", "fanout"), ("SERVICE is missing",)),
        (("explain", "sqs.retentoin"), ("unknown setting", "nearest: sqs.retention")),
        (("explain", "sqs"), ("sqs is a service, and a setting of it is needed",)),
        (("explain", "kafka.retention"), ("kafka has no settings yet",)),
        (("list", "--pattern", "x"), ("unknown pattern 'x'",)),
        (("completion", "--", "tcsh"), ()),
        (("try", "nowhere"), ("there is no project here",)),
        (("try", "--count", "2"), ("not in the range",)),
        # Targets
        ((*FANOUT, "--output", "\x1b[31m"), (r"'\x1b' is a character that cannot be shown",)),
        ((*FANOUT, "--output", "a\nb"), (r"'\n' is a character that cannot be shown",)),
        ((*FANOUT, "--answers", "nope.toml"), ("there is no such file",)),
    ],
)
def test_what_is_refused(run: Run, arguments: tuple[str, ...], fragments: tuple[str, ...]) -> None:
    if arguments[0] == "completion":  # it has no --json
        assert run(*arguments).code == 2
        return
    refuse(run, arguments, *fragments)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("", "my-project"),
        ("class", "my-class"),
        ("None", "none"),
        ("json", "my-json"),
        ("messaging", "my-messaging"),
        ("boto3", "my-boto3"),
        ("packaging", "my-packaging"),
        ("conftest", "my-conftest"),
        ("tests", "my-tests"),
        ("alarms", "my-alarms"),
        ("nul", "my-nul"),
        ("COM1", "my-com1"),
        ("Orders", "orders"),
        ("orderEvents", "order-events"),
        ("ordérs", "orders"),
        ("日本", "my-"),
        ("../orders", "orders"),
        ("/tmp/orders", "orders"),
        ("C:\\orders", "orders"),
        ("..", "my-"),
        ("or\x00ders", "or-ders"),
        ("orders\n", "orders"),
        ("x" * 500, "x" * 47),
    ],
)
def test_names(run: Run, name: str, near: str) -> None:
    refuse(
        run,
        (*FANOUT, "--", name),
        "is no valid",
        "where: NAME",
        f"nearest: {near}",
        f"try: mqscaffold new {near}",
    )


def test_a_name_that_hides_a_package_is_one_of_a_flow_only() -> None:
    for name in SHADOWS:
        with pytest.raises(UserError):
            check_name(name, what="flow")
    assert check_name("packaging", what="subscriber", stands_alone=False) == "packaging"


FLOWS = 'name = "shop"\n[flows.orders]\npattern = "fanout"\nservice = "sns-sqs"\n'


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ('retentoin = "7d"', ("unknown setting 'retentoin'", "nearest: retention")),
        ('fifo = "maybe"', ("is neither true nor false",)),
        ("concurrency = 1.5", ("is not a whole number",)),
        ("fifo: true", ("it is not TOML", "line 1, column 5", 'retention = "7d"')),
        ("fifo = true\nfifo = false", ("Cannot overwrite a value",)),
        ("concurrency = " + "9" * 5000, ("a number in it has too many digits",)),
        ("filter = " + "[" * 2000 + "]" * 2000, ("nested too deeply",)),
        ("filter = " + "{a=" * 50 + "1" + "}" * 50, ("nested too deeply", "at most 20 levels")),
        (".".join(["a"] * 3000) + " = 1", ("nested too deeply",)),
        ('subscribers = "a,b"', ("subscribers",)),
        ("subscribers = [1]", ("subscribers",)),
        ("[subscribers]\nbilling = 3", ("`billing` must be a table",)),
        ("with = 3", ("`with` is a list of features",)),
        ('tags = { a = "\\u001b" }', (r"'\x1b' is a character",)),
        ('tags = { a = "' + "x" * 100_000 + '" }', ("a value of 100000 characters",)),
    ],
)
def test_answers(run: Run, tmp_path: Path, text: str, fragments: tuple[str, ...]) -> None:
    path = tmp_path.parent / f"{tmp_path.name}.toml"
    path.write_text(text)
    refuse(run, (*FANOUT, "--answers", str(path)), *fragments)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        (FLOWS.replace("fanout", "fanuot"), ("unknown pattern", "nearest: fanout")),
        ("nmae = 1\n" + FLOWS, ("unknown key `nmae`", "nearest: name")),
        (FLOWS + 'retention = "15d"', ("allowed: 1m to 14d",)),
        (FLOWS + 'region = "eu-west-1"', ("region is a setting of the whole project",)),
        (FLOWS.replace("orders", "alarms"), ("'alarms' is no valid flow name",)),
        (FLOWS.replace("orders", '"../a"'), ("it is a path",)),
        ("flows = [1]", ()),
        (
            FLOWS + 'subscribers = ["eu-billing"]\n[flows.orders-eu]\npattern = "fanout"\n'
            'service = "sns-sqs"\nsubscribers = ["billing"]',
            ("subscriber eu-billing of orders and subscriber billing of orders-eu",),
        ),
        (
            FLOWS + 'subscribers = ["eu"]\n[flows.orders-eu]\npattern = "work-queue"\n'
            'service = "sqs"',
            ("subscriber eu of orders and flow orders-eu",),
        ),
    ],
)
def test_answers_with_flows(
    run: Run, tmp_path: Path, text: str, fragments: tuple[str, ...]
) -> None:
    path = tmp_path.parent / f"{tmp_path.name}.toml"
    path.write_text(text)
    refuse(run, ("new", "--yes", "--answers", str(path)), *fragments)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbffifo = true\n")
    assert read_toml(str(path)) == {"fifo": True}


def test_every_cell_is_made_or_refused_with_a_next_step(
    run: Run, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[str, ...], object] = {}
    page = pages._page  # pyright: ignore[reportPrivateUsage]

    def cached(*names: str) -> object:
        if names not in kept:
            kept[names] = page(*names)
        return kept[names]

    monkeypatch.setattr(pages, "_page", cached)
    made = 0
    for pattern in catalog.patterns:
        for service in catalog.services:
            shown = run("show", pattern, service)
            assert shown.code == 0
            for line in shown.out.partition("\nInstead\n")[2].splitlines():
                other = run(
                    *line.removeprefix("  mqscaffold ").removesuffix("    (planned)").split()
                )
                assert (": planned" in other.out.splitlines()[0]) == line.endswith("(planned)")
                assert ": refused" not in other.out.splitlines()[0]
            ended = run("new", "--dry-run", "--json", "--pattern", pattern, "--service", service)
            body = json.loads(ended.out)
            made += ended.code == 0
            if ended.code:
                assert ended.code == 2
                assert body["error"]["next"].startswith("mqscaffold list")
                assert "is refused: " in body["error"]["message"] or (
                    "is planned: " in body["error"]["message"]
                )
    assert made == 14


# Targets and streams


def test_a_difference_to_what_cannot_be_read_is_not_shown_as_an_addition(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    ended = run(*FANOUT, "--diff")
    assert ended.code == 2
    assert "it cannot be compared: Permission denied" in ended.err


def test_a_path_with_a_space_is_shown_as_one_word(run: Run) -> None:
    ended = run(*FANOUT, "orders", "--output", "my work")
    assert ended.code == 0
    expected = f'"my work{os.sep}orders"' if os.name == "nt" else "'my work/orders'"
    assert f"cd {expected}" in ended.out


def test_home_is_not_a_folder_called_tilde(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert run(*FANOUT, "orders", "--output", "~/work").code == 0
    assert (home / "work" / "orders" / "mqscaffold.toml").is_file()


def process(shell_line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m mqscaffold {shell_line}', sys.executable],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell")
class TestStreams:
    def test_a_closed_output_is_no_mistake(self, tmp_path: Path) -> None:
        ended = process("list >&-", tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        ended = process("new orders -p fanout -s sns-sqs >&- <&-", tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert (tmp_path / "orders" / "mqscaffold.toml").is_file()

    def test_closed_streams_do_not_hide_a_mistake(self, tmp_path: Path) -> None:
        assert process("new --set x >&- 2>&- <&-", tmp_path).returncode == 2

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux")
    def test_an_output_that_is_full_is_not_called_our_mistake(self, tmp_path: Path) -> None:
        ended = process("list > /dev/full", tmp_path)
        assert ended.returncode == 2
        assert ended.stderr.startswith("Error: the output could not be written: No space left")
        assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals of POSIX")
def test_a_wrong_name_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    import pty

    control, inside = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "mqscaffold", "new", "class"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    shown = ""
    try:
        while "?" not in shown:
            shown += os.read(control, 1000).decode()
    except OSError:  # the other side is closed
        pass
    os.close(control)
    assert child.wait(30) == 2
    assert "?" not in shown
    assert "'class' is no valid project name" in shown


# try


def project(run: Run, folder: str = "orders") -> Path:
    assert run(*FANOUT, folder).code == 0
    return Path(folder)


@pytest.mark.parametrize(
    ("change", "fragments"),
    [
        (("x = [", True), ("it is not TOML", "orders/mqscaffold.toml")),
        (("bogus = 1\n", False), ("unknown setting 'bogus'", "where: orders/mqscaffold.toml, ")),
    ],
)
def test_try_names_the_broken_file(
    run: Run, change: tuple[str, bool], fragments: tuple[str, ...]
) -> None:
    pytest.importorskip("pulumi")
    path = project(run) / "mqscaffold.toml"
    text, instead = change
    path.write_text(text if instead else path.read_text() + text)
    ended = run("try", "orders")
    assert ended.code == 2
    assert len(ended.err.splitlines()) <= 6
    for fragment in fragments:
        assert fragment in ended.err.replace(os.sep, "/")


def test_try_without_a_program(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pulumi")
    monkeypatch.setenv("MQSCAFFOLD_CACHE", str(tmp_path / "cache"))
    (project(run) / "infra" / "__main__.py").unlink()
    ended = run("try", "orders")
    assert ended.code == 2
    assert "the project has no program to deploy" in ended.err
    assert not (tmp_path / "cache").exists()


def test_a_traceback_is_told_with_its_place_in_the_project(tmp_path: Path) -> None:
    pytest.importorskip("pulumi")
    from mqscaffold.sandbox.process import Family
    from mqscaffold.sandbox.project import Process
    from mqscaffold.sandbox.stage import Running

    handler = tmp_path / "src" / "billing.py"
    handler.parent.mkdir()
    handler.write_text("\ndef (:\n")
    with Family() as family:
        command = ["-m", "billing"]
        env = {"PYTHONPATH": str(handler.parent)}
        child = family.start("billing", sys.executable, command, env=env, cwd=tmp_path)
        child.wait(30)
        process = Process("billing", "orders", "consumer", "billing", (), "")
        why = Running(process, child, tmp_path).why()
    assert why == f"SyntaxError: invalid syntax ({os.path.join('src', 'billing.py')}, line 2)"


def test_a_kept_sandbox_keeps_its_env_file_until_it_ends(tmp_path: Path) -> None:
    pytest.importorskip("pulumi")
    import socket

    from mqscaffold.sandbox.run import EnvFile

    env_file = EnvFile(tmp_path / ".env.local")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        env_file.write({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})
        with pytest.raises(UserError, match="another mqscaffold try --keep runs here"):
            env_file.check()
    env_file.check()
