"""What a user is shown: few lines, on one line each, that no value can turn into anything else."""

from __future__ import annotations

import pytest

from mqscaffold.errors import UserError, clean, quote


def test_all_four_facts_are_shown_in_order() -> None:
    error = UserError("unknown pattern 'fanuot'", where="--pattern", near="fanout", command="list")
    assert error.lines() == [
        "Error: unknown pattern 'fanuot'",
        "  where: --pattern",
        "  nearest: fanout",
        "  try: list",
    ]


def test_facts_that_are_not_known_are_not_shown() -> None:
    assert UserError("no").lines() == ["Error: no"]


def test_json_has_the_same_facts() -> None:
    error = UserError("bad", where="x.toml, line 3", near=("a", "b"), command="run it")
    assert error.as_json() == {
        "error": {
            "message": "bad",
            "where": "x.toml, line 3",
            "nearest": ["a", "b"],
            "next": "run it",
        }
    }


def test_json_of_a_bare_error_has_every_field() -> None:
    body = UserError("bad").as_json()["error"]
    assert body == {"message": "bad", "where": None, "nearest": [], "next": None}


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J",
        "a\nb",
        "a\rb",
        "\x9b31m",
        "\u202edrow",
        "\u2028",
        "\x00",
        "\x7f",
        "\ud800",
    ],
)
def test_nothing_reaches_the_terminal_that_it_would_obey(hostile: str) -> None:
    error = UserError(hostile, where=hostile, near=hostile, command=hostile)
    assert all(line.isprintable() for line in error.lines())
    assert "\\" in error.lines()[0]


def test_plain_text_in_any_language_is_left_alone() -> None:
    assert clean("Größe 10 ≥ 5, 名前") == "Größe 10 ≥ 5, 名前"


def test_a_long_value_is_cut_and_the_cut_is_said() -> None:
    shown = quote("x" * 100_000)
    assert shown == f"'{'x' * 60}... (99940 more characters)'"


def test_a_long_error_stays_within_six_lines_of_a_wide_terminal() -> None:
    long = "\x1b" * 100_000
    error = UserError(long, where=long, near=[long] * 50, command=long)
    assert len(error.lines()) <= 6
    assert all(len(line) < 3000 for line in error.lines())


def test_a_place_is_added_once() -> None:
    error = UserError("bad").located("line 1").located("line 2")
    assert error.where == "line 1"


def test_a_subclass_stays_itself_when_it_is_given_a_place() -> None:
    class CatalogError(UserError):
        pass

    assert isinstance(CatalogError("bad").located("line 1"), CatalogError)
