"""Completion in bash, zsh and fish: of commands, patterns, services, features, settings, values."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mqscaffold.cli import shell
from mqscaffold.cli.complete import SCRIPTS, candidates

ROOT = Path(__file__).parents[1]


# Completion


def words(*line: str) -> list[str]:
    assert isinstance(shell.shell, click.Group)
    return [item.value for item in candidates(shell.shell, list(line[:-1]), line[-1])]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["ex"], ["explain"]),
        (["new", "--pat"], ["--pattern"]),
        (["new", "--pattern", "fan"], ["fanout"]),
        (["new", "--pattern=fan"], ["--pattern=fanout"]),
        (["new", "-s", "sns-"], ["sns-sqs"]),
        (["new", "--with", "claim-check,outb"], ["claim-check,outbox"]),
        (["new", "-s", "sns-sqs", "--set", "fif"], ["fifo="]),
        (["new", "-s", "sns-sqs", "--set", "fifo="], ["fifo=true", "fifo=false"]),
        (["new", "-s", "sns-sqs", "--set", "fifo=t"], ["fifo=true"]),
        (["new", "-s", "sns-sqs", "--set", "prod/fifo=t"], ["prod/fifo=true"]),
        (
            ["new", "-s", "sns-sqs", "--set", "subscribers.billing.max_h"],
            ["subscribers.billing.max_handler="],
        ),
        (["new", "--set", "nonsense=t"], []),
        (["explain", "sns-s"], ["sns-sqs."]),
        (["explain", "sns-sqs.retention"], ["sns-sqs.retention"]),
        (["explain", "nothing.x"], []),
        (["show", "fanout", "sns-"], ["sns-sqs"]),
        (["nothing", "x"], []),
        (["new", "--nope", "x", "--pattern", "fan"], ["fanout"]),
    ],
)
def test_what_completes(line: list[str], expected: list[str]) -> None:
    assert words(*line) == expected


def test_a_feature_that_is_named_is_not_offered_again() -> None:
    assert "outbox,outbox" not in words("new", "--with", "outbox,")


def test_every_service_completes_its_settings() -> None:
    assert words("new", "--set", "reten") == ["retention="]


def bash(line: str) -> list[str]:
    """What bash would offer for a line, through the script that we print."""
    program = SCRIPTS["bash"] + textwrap.dedent("""
        complete() { :; }; compopt() { :; }
        mqscaffold() { "$PYTHON" -m mqscaffold; }
        COMP_LINE="$LINE" COMP_POINT=${#LINE} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
        _mqscaffold_completion mqscaffold
        printf '%s\\n' "${COMPREPLY[@]}"
    """)
    program = program.replace("complete -o default", "true")
    environment = {**os.environ, "LINE": line, "PYTHON": sys.executable}
    result = subprocess.run(
        ["bash", "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.skipif(os.name == "nt", reason="bash is not there")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mqscaffold expl", ["explain"]),
        ("mqscaffold new --pattern fan", ["fanout"]),
        ("mqscaffold new --pattern=fan", ["fanout"]),
        ("mqscaffold new -s sns-sqs --set fifo=", ["true", "false"]),
        ("mqscaffold new -s sns-sqs --set fifo=t", ["true"]),
        ("mqscaffold new -s sns-sqs --set orders:fif", ["fifo="]),
        ("mqscaffold new --answers ", []),
    ],
)
def test_bash_is_given_the_part_of_the_word_that_it_replaces(
    line: str, expected: list[str]
) -> None:
    assert bash(line) == expected


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_zsh_and_fish_are_given_words_and_what_they_mean(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_MQSCAFFOLD_COMPLETE", name)
    monkeypatch.setenv("_MQSCAFFOLD_LINE", "mqscaffold\nnew\n--pattern\nfan")
    assert CliRunner().invoke(shell.shell, []).stdout == "fanout\tFanout\n"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(name: str) -> None:
    result = CliRunner().invoke(shell.shell, ["completion", name])
    assert result.exit_code == 0
    assert f"_MQSCAFFOLD_COMPLETE={name}" in result.stdout
