"""The catalog's one small language: what it says, and that it can do nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqscaffold.catalog.expression import (
    BACKOFF_CAP,
    ExpressionError,
    attempts,
    parse,
    pauses,
)

NAMES = {
    "fifo": True,
    "topic": "",
    "retention": 345_600,
    "dlq_retention": 1_209_600,
    "subscribers": {"billing": {}, "shipping": {}},
    "filter": {"ce_type": ["a"], "ce_source": ["b"]},
    "service": "sqs",
    "retry_for": 600,
    "arn": "arn:aws:sns:eu-west-1:123456789012:orders.fifo",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("retention < dlq_retention", True),
        ("retention <= 4 * day", True),
        ("1 < retention < 5", False),
        ("1 < 2 < 3", True),
        ("count(subscribers) <= 1", False),
        ("not topic", True),
        ('service == "sqs" and fifo', True),
        ('service != "sqs" or fifo', True),
        ("max(attempts(retry_for), 3)", 9),
        ("min(2 * hour, 90 * minute)", 5400),
        ("256 * KiB + 1 - 1", 262_144),
        ("1 * MiB", 1_048_576),
        ('only(keys(filter), "ce_type", "ce_source")', True),
        ('only(keys(filter), "ce_type")', False),
        ('ends(arn, ".fifo") and starts(arn, "arn:")', True),
        ('ends(topic, ".fifo")', False),
        ("fifo * 1000", 1000),
        ("topic or service", "sqs"),
    ],
)
def test_what_an_expression_says(text: str, value: Any) -> None:
    assert parse(text).value(NAMES) == value


def test_names_are_those_it_reads_and_units_are_none() -> None:
    assert parse("max(retention, 4 * day) < other").names == {"retention", "other"}


def test_only_what_is_needed_is_evaluated() -> None:
    """`topic and missing` has a value although one of its names has none."""
    assert parse("topic and missing").value({"topic": ""}) == ""
    assert parse("fifo or missing").value({"fifo": True}) is True
    with pytest.raises(KeyError):
        parse("fifo and missing").value({"fifo": True})


def test_two_of_one_text_are_equal() -> None:
    assert parse("a + b") == parse("a + b")
    assert parse("a + b") != parse("b + a")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "open('/etc/passwd')",
        "fifo.__class__",
        "subscribers[0]",
        "[1, 2]",
        "{'a': 1}",
        "(lambda: 1)()",
        "x := 1",
        "a if b else c",
        "[x for x in subscribers]",
        "f'{topic}'",
        "a ** b",
        "9 // 2",
        "8 / 2",
        "a % b",
        "a in b",
        "a is b",
        "-1",
        "1.5",
        "None",
        "b'x'",
        "max(*subscribers)",
        "max(a, key=b)",
        "sum(subscribers)",
        "count.__call__(a)",
        "",
        "a b",
        "a = 1",
        "a; b",
        "(",
        "\x00",
        "1" * 5000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize("text", ['"a" * 99999999999', "service * retention", "subscribers + 1"])
def test_arithmetic_is_for_numbers(text: str) -> None:
    """A text times a number would be a catalog's way to fill the memory."""
    with pytest.raises(ExpressionError, match="is not about numbers"):
        parse(text).value(NAMES)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_an_error_of_ours(text: str) -> None:
    try:
        said = parse(text).text
    except ExpressionError as error:
        said = str(error)
    assert text in said


@pytest.mark.parametrize("depth", [100, 5000])
def test_a_deep_text_is_an_expression_or_an_error_of_ours(depth: int) -> None:
    for text in ("(" * depth + "a" + ")" * depth, "not " * depth + "a", "a" + "+a" * depth):
        try:
            parse(text).value({"a": 1})
        except ExpressionError:
            continue


def test_the_pauses_are_what_the_consumer_waits() -> None:
    assert [pauses(n) for n in range(1, 5)] == [0, 5, 15, 35]
    assert pauses(11) - pauses(10) == BACKOFF_CAP
    assert attempts(600) == 9


@given(st.integers(0, 86_400))
def test_attempts_are_the_fewest_that_last_long_enough(seconds: int) -> None:
    number = attempts(seconds)
    assert pauses(number) >= 2 * seconds
    assert number == 3 or pauses(number - 1) < 2 * seconds
