"""Which modules a command may load: a promise about start-up, kept as a list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.staging import ROOT, stage

# On top of what `import click` loads. Each costs every start of every command.
ALLOWED = {
    *("_json", "json", "json.decoder", "json.encoder", "json.scanner"),
    *("_locale", "locale"),  # click's help looks for the language
    *(
        "fnmatch",
        "shutil",
        "textwrap",
        "zlib",
        "_compression",
    ),  # the width
    *("_bz2", "_lzma", "bz2", "lzma", "pwd", "grp", "errno"),  # shutil's own
    *("click.formatting", "click._textwrap"),
    *("mqscaffold", "mqscaffold.errors", "mqscaffold.names"),
    *("mqscaffold.cli", "mqscaffold.cli.output", "mqscaffold.cli.pages", "mqscaffold.cli.shell"),
    *("mqscaffold.cli.words",),
}
COMPLETION = {"click.shell_completion", "mqscaffold.cli.complete", "shlex", "mqscaffold.cli.new"}
NEVER = {
    *("cookiecutter", "copier", "pulumi", "grpc", "boto3", "botocore", "rich", "requests", "yaml"),
    *("importlib.metadata", "jinja2", "asyncio", "socket", "subprocess", "tempfile"),
}
COMMANDS = {
    "--help": set[str](),
    "--version": set[str](),
    "list": {"mqscaffold.cli.list"},
    "list --all": {"mqscaffold.cli.list"},
    "list --json": {"mqscaffold.cli.list"},
    "show fanout sqs": {"mqscaffold.cli.list", "mqscaffold.cli.show"},
    "show fanout sns-sqs": {"mqscaffold.cli.list", "mqscaffold.cli.show"},
    "explain sns-sqs.retention": {"mqscaffold.cli.explain"},
    "new --help": {"mqscaffold.cli.new"},
}

PROBE = """
import sys
import click
before = set(sys.modules)
from mqscaffold.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
import json
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stage(tmp_path_factory.mktemp("site"))


def loaded(path: Path, arguments: str, **environment: str) -> set[str]:
    """The modules that a command loads beyond click's, run from another folder."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments.split()],
        cwd=path.anchor,
        env={**os.environ, "PYTHONPATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(result.stderr.splitlines()[-1])
    assert code == 0, result.stderr
    return set(modules)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_an_installed_command_loads_only_what_it_needs(installed: Path, arguments: str) -> None:
    extra = loaded(installed, arguments) - ALLOWED - COMMANDS[arguments]
    assert not extra, f"`mqscaffold {arguments}` loads {', '.join(sorted(extra))}"


@pytest.mark.parametrize(
    "line",
    [
        "mqscaffold ",
        "mqscaffold new --pattern ",
        "mqscaffold new --service sns-sqs --set ret",
        "mqscaffold new --service sns-sqs --set fifo=",
        "mqscaffold explain sns-sqs.",
    ],
)
def test_completion_loads_only_what_it_needs(installed: Path, line: str) -> None:
    environment = {"_MQSCAFFOLD_COMPLETE": "bash", "_MQSCAFFOLD_LINE": line}
    extra = loaded(installed, "", **environment) - ALLOWED - COMPLETION
    extra -= {"mqscaffold.cli.explain"} if "explain" in line else set()
    assert not extra, f"completing `{line}` loads {', '.join(sorted(extra))}"


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_checkout_loads_nothing_heavy_either(arguments: str) -> None:
    heavy = loaded(ROOT, arguments) & NEVER
    assert not heavy, f"`mqscaffold {arguments}` loads {', '.join(sorted(heavy))}"


@pytest.mark.parametrize("arguments", [name for name in COMMANDS if "--" not in name[:2]])
def test_an_installed_copy_says_the_same_as_the_checkout(installed: Path, arguments: str) -> None:
    said: list[str] = []
    for path in (installed, ROOT):
        command = [sys.executable, "-m", "mqscaffold", *arguments.split()]
        environment = {**os.environ, "PYTHONPATH": str(path)}
        said.append(subprocess.check_output(command, cwd=path.anchor, env=environment, text=True))
    assert said[0] == said[1]


def test_the_package_itself_loads_nothing_until_it_is_asked() -> None:
    program = "import sys; b = set(sys.modules); import mqscaffold; print(set(sys.modules) - b)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    extra = set(eval(result.stdout)) - {"__future__", "mqscaffold", "typing"}
    assert not {name for name in extra if name.startswith("mqscaffold.")}, extra


def test_the_public_names_are_there() -> None:
    import mqscaffold

    for name in mqscaffold.__all__:
        assert getattr(mqscaffold, name)
    assert set(dir(mqscaffold)) == set(mqscaffold.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mqscaffold.nothing  # noqa: B018
