"""The command line around the pipeline: every end of a run, and what each command prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mqscaffold.cli import bodies, output, shell
from mqscaffold.render.files import File
from mqscaffold.render.request import Request

ROOT = Path(__file__).parents[1]
FILES = (File("README.md", "# orders\n", "merged"), File("src/orders/events.py", "", "managed"))
STACKS = {"dev": {"resources": 24, "idle_usd_a_month": 0.0, "types": {}}}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(shell.shell, list(arguments))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Request]:
    """Every request that reaches the pipeline; the project is always the same two files."""
    seen: list[Request] = []

    def new(request: Request, catalog: object) -> object:
        seen.append(request)
        return SimpleNamespace(name=request.name or "orders", files=FILES, plan=None)

    monkeypatch.setattr("mqscaffold.render.new", new)
    monkeypatch.setattr("mqscaffold.catalog.load.load", lambda: None)
    monkeypatch.setattr(bodies, "stacks", lambda plan, catalog: STACKS)
    monkeypatch.chdir(tmp_path)
    return seen


# How a run ends


def test_no_arguments_show_help() -> None:
    result = run()
    assert result.exit_code == 0
    assert "Commands:" in result.stdout
    assert result.stdout == run("--help").stdout == run("-h").stdout


def test_help_names_every_command_with_its_line() -> None:
    text = " ".join(run("--help").stdout.split())
    for name, line in shell.COMMANDS.items():
        assert f"{name} {line}" in text


@pytest.mark.parametrize("name", shell.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: mqscaffold {name}")


def test_version() -> None:
    assert run("--version").stdout == "mqscaffold 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["nwe"],
            ["Error: unknown command 'nwe'", "  nearest: new", "  try: mqscaffold --help"],
        ),
        (
            ["new", "--patern", "fanout"],
            [
                "Error: unknown option '--patern'",
                "  where: mqscaffold new",
                "  nearest: --pattern",
                "  try: mqscaffold new --help",
            ],
        ),
        (
            ["completion", "tcsh"],
            [
                "Error: 'tcsh' is not one of 'bash', 'zsh', 'fish'",
                "  where: mqscaffold completion shell",
                "  nearest: bash, zsh, fish",
                "  try: mqscaffold completion --help",
            ],
        ),
        (
            ["new", "--set"],
            [
                "Error: Option '--set' requires an argument",
                "  where: mqscaffold new",
                "  try: mqscaffold new --help",
            ],
        ),
        (
            ["show", "fanout"],
            [
                "Error: SERVICE is missing",
                "  where: mqscaffold show",
                "  try: mqscaffold show --help",
            ],
        ),
        (
            ["show", "fanuot", "sqs"],
            [
                "Error: unknown pattern 'fanuot'",
                "  where: PATTERN",
                "  nearest: fanout",
                "  try: mqscaffold list --all",
            ],
        ),
        (
            ["explain", "sns-sqs.retenton"],
            [
                "Error: unknown setting 'retenton'",
                "  where: sns-sqs.retenton",
                "  nearest: sns-sqs.retention, sns-sqs.dlq_retention",
                "  try: mqscaffold explain sns-sqs.retention",
            ],
        ),
        (
            ["list", "-s", "sqz"],
            [
                "Error: unknown service 'sqz'",
                "  where: --service",
                "  nearest: sqs",
                "  try: mqscaffold list --all",
            ],
        ),
    ],
)
def test_mistakes_are_told_in_one_style(arguments: list[str], expected: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == expected


def test_json_makes_a_mistake_an_object_on_standard_output() -> None:
    result = run("show", "fanuot", "sqs", "--json")
    assert result.exit_code == 2
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "error": {
            "message": "unknown pattern 'fanuot'",
            "where": "PATTERN",
            "nearest": ["fanout"],
            "next": "mqscaffold list --all",
        }
    }


def test_json_is_kept_for_mistakes_made_before_options_are_parsed() -> None:
    result = run("new", "--nope", "--json")
    assert json.loads(result.stdout)["error"]["message"] == "unknown option '--nope'"


def broken(*_: object) -> Any:
    raise KeyError("x\x1b[2J")


def test_a_mistake_of_ours_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mqscaffold.cli.pages.words_page", broken)
    result = run("list")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        r"Error: a mistake in mqscaffold itself: KeyError: 'x\x1b[2J'",
        "  try: the same command with --debug shows where",
    ]


@pytest.mark.parametrize("arguments", [["--debug", "list"], ["list", "--debug"]])
def test_debug_shows_where_from_any_place(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("mqscaffold.cli.pages.words_page", broken)
    result = run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, KeyError)


def test_debug_changes_nothing_for_a_mistake_of_the_user() -> None:
    assert run("--debug", "nwe").exit_code == 2


def test_an_interrupt_has_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("mqscaffold.cli.pages.words_page", interrupted)
    result = run("list")
    assert (result.exit_code, result.stderr) == (130, "\nInterrupted.\n")


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_output_that_nobody_reads_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "mqscaffold", "list", "--json"]
    result = subprocess.run(
        command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (result.returncode, result.stderr) == (141, "")


# list, show, explain


def test_list_json_has_every_cell_with_every_field() -> None:
    cells = json.loads(run("list", "--json").stdout)
    assert {(cell["pattern"], cell["service"]) for cell in cells} >= {
        ("fanout", "sns-sqs"),
        ("fanout", "sqs"),
    }
    for cell in cells:
        assert list(cell) == [
            *("pattern", "service", "variant", "state", "generates", "reason", "instead")
        ]
        assert cell["generates"] is (cell["reason"] is None)
        assert cell["state"] in {"native", "composed", "refused"}
    assert run("list", "--json").stdout == run("list", "--all", "--json").stdout


def test_list_all_is_a_matrix_of_33_by_14() -> None:
    lines = run("list", "--all").stdout.splitlines()
    rows = [line.split() for line in lines[1:34]]
    assert len(lines[0].split()) == 14
    assert all(len(row) == 15 and set(row[1:]) <= set("NCnc-") for row in rows)
    assert rows[0][0] == "work-queue"
    assert rows[-1][0] == "circuit-breaker"


def test_the_matrix_is_fitted_to_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = run("list", "--all").stdout.split()
    monkeypatch.setenv("COLUMNS", "60")
    narrow = run("list", "--all").stdout
    assert max(map(len, narrow.splitlines()[:-1])) <= 60
    assert set(wide) == set(narrow.split())


def test_list_of_one_pattern_gives_reasons() -> None:
    lines = run("list", "--pattern", "fanout").stdout.splitlines()
    assert len(lines) == 15
    (refused,) = [line for line in lines if line.split()[1] == "sqs"]
    assert "refused  A queue has one consuming side" in refused


def test_show_of_a_refused_pair_says_why_and_what_instead() -> None:
    lines = run("show", "fanout", "sqs").stdout.splitlines()
    assert lines[0] == "Fanout on Amazon SQS: refused"
    assert "  mqscaffold show fanout sns-sqs" in lines


def test_show_json_of_a_refused_pair() -> None:
    body = json.loads(run("show", "fanout", "sqs", "--json").stdout)
    assert body["state"] == "refused"
    assert "sns-sqs" in body["instead"]


def test_explain_names_source_range_and_rules() -> None:
    text = run("explain", "sns-sqs.retention").stdout
    assert "allowed     1m to 14d" in text
    assert "source      https://docs.aws.amazon.com/" in text
    assert "rule delay-leaves-time: delay < retention" in text


def test_explain_json_has_the_same_facts() -> None:
    body = json.loads(run("explain", "sns-sqs.retention", "--json").stdout)
    assert (body["service"], body["setting"], body["type"]) == ("sns-sqs", "retention", "duration")
    assert "delay-leaves-time" in [rule["name"] for rule in body["rules"]]


def test_explain_of_a_service_without_settings_is_told() -> None:
    result = run("explain", "nats.retention")
    assert result.exit_code == 2
    assert "it is planned" in result.stderr


# new


def test_new_writes_and_says_what_it_wrote(requests: list[Request], tmp_path: Path) -> None:
    result = run("new", "orders", "--pattern", "fanout", "--service", "sns-sqs")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "orders/",
        "├── src/",
        "│   └── orders/",
        "│       └── events.py",
        "└── README.md",
        "",
        "2 files, written",
        "dev: 24 resources, idle for nothing",
        "",
        "Next:",
        "  cd orders",
        "  mqscaffold try",
    ]
    assert (tmp_path / "orders/README.md").read_text() == "# orders\n"


def test_new_hands_every_choice_on(
    requests: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.toml").write_text('retention = "7d"\n')
    monkeypatch.setenv("MQSCAFFOLD_SET_REGION", "eu-west-1")
    monkeypatch.setenv("OTHER", "x")
    result = run(
        *("new", "jobs", "-p", "work-queue", "-s", "sqs", "--with", "claim-check, outbox"),
        *("--with", "outbox", "--set", "fifo=true", "--set", 'filter={"a": ["b=c"]}'),
        *("--answers", "a.toml"),
    )
    assert result.exit_code == 0, result.stderr
    assert requests == [
        Request(
            name="jobs",
            pattern="work-queue",
            service="sqs",
            features=("claim-check", "outbox"),
            sets=(("fifo", "true"), ("filter", '{"a": ["b=c"]}')),
            answers={"retention": "7d"},
            environment={"MQSCAFFOLD_SET_REGION": "eu-west-1"},
            ask=None,
        )
    ]


def test_output_is_the_folder_around_the_project(requests: list[Request], tmp_path: Path) -> None:
    assert run("new", "orders", "--output", "a/b").exit_code == 0
    assert (tmp_path / "a/b/orders/README.md").exists()


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
def test_nothing_is_written_when_only_asked(
    requests: list[Request], tmp_path: Path, option: str
) -> None:
    result = run("new", "orders", option)
    assert result.exit_code == 0, result.stderr
    assert list(tmp_path.iterdir()) == []
    assert "orders" in result.stdout
    assert "Next:" not in result.stdout


def test_diff_shows_what_would_change(requests: list[Request], tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/README.md").write_text("# mine\n")
    text = run("new", "orders", "--diff").stdout
    assert "-# mine\n+# orders\n" in text
    body = json.loads(run("new", "orders", "--diff", "--json").stdout)
    assert body == {"name": "orders", "path": "orders", "written": False, "diff": text}


def test_json_of_new(requests: list[Request]) -> None:
    body = json.loads(run("new", "orders", "--json").stdout)
    assert body == {
        "name": "orders",
        "path": "orders",
        "written": True,
        "files": [
            {"path": "README.md", "class": "merged"},
            {"path": "src/orders/events.py", "class": "managed"},
        ],
        "stacks": STACKS,
        "next": ["cd orders", "mqscaffold try"],
    }


@pytest.mark.parametrize("option", ["", "--dry-run"])
def test_somebodys_files_are_safe_until_force(
    requests: list[Request], tmp_path: Path, option: str
) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/README.md").write_text("mine")
    result = run("new", "orders", *option.split())
    assert result.exit_code == 2
    assert "1 of its files would be replaced" in result.stderr
    assert len(result.stderr.splitlines()) <= 6
    assert run("new", "orders", "--force", *option.split()).exit_code == 0
    expected = "mine" if option else "# orders\n"
    assert (tmp_path / "orders/README.md").read_text() == expected


def test_an_interrupt_before_the_write_says_so(
    requests: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("mqscaffold.render.new", interrupted)
    result = run("new", "orders")
    assert result.exit_code == 130
    assert result.stderr == "Error: interrupted; nothing was written\n"


def test_without_a_terminal_nothing_is_asked(requests: list[Request]) -> None:
    assert run("new", "orders").exit_code == 0
    assert requests[0].ask is None


# try


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every project that would be tried; the sandbox finds something lost."""
    seen: list[Any] = []

    def try_project(request: Any, say: Any, show: Any) -> Any:
        seen.append(request)
        say("deploy 1.0 s")
        report = SimpleNamespace(
            lines=lambda: ["lost: 1"], as_json=lambda: {"lost": 1}, exit_code=1
        )
        show(report)
        return report

    monkeypatch.setattr("mqscaffold.sandbox.run.try_project", try_project)
    monkeypatch.setattr(
        "mqscaffold.project.trial.trial", lambda *found, **options: (found, options)
    )
    return seen


def test_try_ends_with_what_the_report_says(tried: list[Any]) -> None:
    result = run("try", "orders", "--count", "5", "--keep")
    assert (result.exit_code, result.stdout) == (1, "deploy 1.0 s\nlost: 1\n")
    assert tried == [((Path("orders"),), {"count": 5, "keep": True})]


def test_try_json_keeps_standard_output_for_the_report(tried: list[Any]) -> None:
    result = run("try", "--json")
    assert json.loads(result.stdout) == {"lost": 1}
    assert result.stderr == "deploy 1.0 s\n"


def test_try_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = __import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "mqscaffold.sandbox.run":
            raise ModuleNotFoundError("No module named 'pulumi'", name="pulumi.runtime")
        return real(name, *rest)

    monkeypatch.setattr("builtins.__import__", missing)
    result = run("try")
    assert result.exit_code == 2
    assert "needs the package pulumi" in result.stderr
    assert "try: pip install 'mqscaffold[sandbox]'" in result.stderr


def test_try_outside_a_project_names_the_projects_below(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/mqscaffold.toml").write_text("")
    result = run("try", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no project here" in result.stderr
    assert f"nearest: {tmp_path / 'orders'}" in result.stderr


# Printing


def test_a_tree_has_folders_first() -> None:
    assert list(output.tree(["b", "a/y", "a/x/z", ".c"])) == [
        "├── a/",
        "│   ├── x/",
        "│   │   └── z",
        "│   └── y",
        "├── .c",
        "└── b",
    ]


def test_a_tree_is_drawn_with_what_the_output_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="ascii"))
    assert list(output.tree(["a/x", "a/y", "b"])) == ["|-- a/", "|   |-- x", "|   `-- y", "`-- b"]


def test_a_table_is_aligned_and_cut() -> None:
    rows = [("a", "bbb", "the first"), ("aaa", "b", "the second one")]
    assert list(output.table(rows, limit=18)) == ["a    bbb  the f...", "aaa  b    the s..."]
    assert list(output.table(rows, limit=None))[1] == "aaa  b    the second one"
    assert list(output.table([], limit=10)) == []
