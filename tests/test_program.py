"""The printed program is laid out as the formatter would lay it out, whatever the values are."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqscaffold.catalog.load import load
from mqscaffold.catalog.model import Component
from mqscaffold.render import spec as specs
from mqscaffold.render.compose import compose
from mqscaffold.render.graph import Configured, Expr, Graph, Literal, Many, Node, Reference
from mqscaffold.render.program import diagram, program
from mqscaffold.render.resolve import resolve
from mqscaffold.render.resolved import Project

CELLS = Path(__file__).parent / "cells"


@cache
def base() -> tuple[Project, Graph]:
    """A small project whose components are then replaced by others."""
    catalog = load(CELLS / "catalog")
    data = tomllib.loads((CELLS / "c03_work_queue_sqs.toml").read_text(encoding="utf-8"))
    project = resolve(specs.read(data, frozenset()), catalog)
    return project, compose(project, catalog)


def node(number: int, args: dict[str, Expr], opts: dict[str, Expr] | None = None) -> Node:
    component = Component(f"Part{number}", file="", provider="", token="")
    return Node(
        ("jobs", f"part{number}", ""),
        component,
        logical=f"jobs-part{number}",
        variable=f"jobs_part{number}",
        args=args,
        opts=opts or {},
        exports={f"JOBS_PART{number}": "value"},
    )


def printed(*nodes: Node) -> str:
    project, graph = base()
    return program(project, replace(graph, nodes=nodes))


def formatted(source: str) -> str:
    """``source`` after `ruff format` at the width of generated projects."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"]
    done = subprocess.run(
        command, input=source.encode(), capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def literals(source: str) -> list[Any]:
    """The value of every literal argument, read back from the program."""
    return [
        ast.literal_eval(keyword.value)
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg and keyword.arg.startswith("value")
    ]


TEXTS = [
    "",
    "plain",
    "it's",
    'say "yes"',
    'it\'s "both"',
    "more 'single' than \"one",
    'two " and " double, one \' single',
    "back\\slash",
    "back\\'quote",
    'back\\"quote',
    "line\nend",
    "tab\tand\x00zero\x7f",
    "ends with \\",
    "\u2028\u202e",
    "naïve → 漢字",
    "漢" * 50,
    "{not} an f-string {{}}",
    "x" * 79,
    "x" * 200,
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_quoted_as_the_formatter_quotes_it(text: str) -> None:
    source = printed(node(1, {"value": Literal(text)}))
    assert formatted(source) == source
    assert literals(source) == [text]


@pytest.mark.parametrize("length", range(60, 76))
def test_a_call_breaks_where_the_formatter_breaks_it(length: int) -> None:
    """At every width around the limit: whole, arguments on one line, one argument a line."""
    text = "x" * length
    flat = node(1, {"value": Literal(text[:-22])})
    deep = node(2, {"value": Literal(text[:-45]), "value_list": Literal(["a", "b"])})
    option = node(3, {}, {"depends_on": Many((Reference(flat.key, ""),))})
    wide = node(4, {"value": Literal(text), "value_map": Literal({"a": [text]})})
    source = printed(flat, deep, option, wide)
    assert formatted(source) == source


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        ["x" * 30] * 2,
        ["x" * 30] * 3,
        ["x" * 30] * 4,
        {"a": "x" * 60, "b": {"c": ["d", "e"]}},
        {"a": ["x" * 20] * 6},
        {"a": {"b": {"c": {"d": ["x" * 30] * 5}}}},
        [["a"], ["b", ["c" * 40] * 3]],
        [{"a": 1}, {"b": True}],
        {"it's": 'say "no"'},
        0,
        -1,
        9_999,
        10_000,
        1_209_600,
        True,
        1.5,
    ],
)
def test_a_value_is_laid_out_as_the_formatter_lays_it_out(value: Any) -> None:
    source = printed(node(1, {"value": Literal(value)}))
    assert formatted(source) == source
    assert literals(source) == [value]


def test_large_numbers_are_grouped() -> None:
    assert "value=1_209_600" in printed(node(1, {"value": Literal(1_209_600)}))
    assert "value=9999" in printed(node(1, {"value": Literal(9999)}))


text = st.text(max_size=60).filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t))
plain = st.booleans() | st.integers(-(10**9), 10**9) | text
nested = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nodes(draw: st.DrawFn) -> list[Node]:
    """Components with literals, outputs of earlier ones, lists of them and stack values."""
    made: list[Node] = []
    for number in range(draw(st.integers(1, 6))):
        args: dict[str, Expr] = {
            f"value_{'x' * draw(st.integers(0, 20))}{i}": Literal(draw(nested))
            for i in range(draw(st.integers(0, 3)))
        }
        if made:
            keys = draw(st.lists(st.sampled_from([n.key for n in made]), max_size=5))
            args["arns"] = Many(tuple(Reference(key, "arn") for key in keys))
            args["arn"] = Reference(draw(st.sampled_from([n.key for n in made])), "a" * 20)
        if draw(st.booleans()):
            args["stack"] = Configured(f"jobs-{draw(st.sampled_from('ab'))}", "require_int")
        opts: dict[str, Expr] = {}
        if made and draw(st.booleans()):
            opts["provider"] = Reference(made[0].key, "provider")
            opts["depends_on"] = Many(tuple(Reference(n.key, "") for n in made))
        made.append(node(number, args, opts))
    return made


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(nodes())
def test_any_program_is_as_the_formatter_leaves_it(made: list[Node]) -> None:
    source = printed(*made)
    compile(source, "__main__.py", "exec")
    assert formatted(source) == source
    values = [
        argument.value
        for item in made
        for name, argument in item.args.items()
        if isinstance(argument, Literal) and name.startswith("value")
    ]
    assert sorted(map(repr, literals(source))) == sorted(map(repr, values))


def test_a_stack_value_is_read_once_however_often_it_is_used() -> None:
    both = {"stack": Configured("jobs-max", "require_int")}
    source = printed(node(1, dict(both)), node(2, dict(both)))
    assert source.count('config.require_int("jobs-max")') == 1
    assert source.count("stack=jobs_max") == 2


def test_a_component_nobody_needs_has_no_variable() -> None:
    lonely = replace(node(1, {}), exports={})
    assert '\nPart1("jobs-part1")\n' in printed(lonely)


def test_no_configuration_is_read_where_there_is_none() -> None:
    assert "pulumi.Config" not in printed(node(1, {}))


def test_the_picture_shows_who_sends_to_whom() -> None:
    project, graph = base()
    assert list(diagram(project.flows[0], graph)) == [
        "producer ──> jobs ──> consumer    src/jobs/handlers/consumer.py"
    ]


@pytest.mark.parametrize("path", sorted(CELLS.glob("*.py")), ids=lambda path: path.stem)
def test_no_line_of_a_program_is_too_long(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 100
