"""Settings' values: what is read, how it is shown, and what a mistake says."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqscaffold.catalog import units, values
from mqscaffold.catalog.model import Setting, SettingType
from mqscaffold.errors import UserError

CHOICES = ("roles", "policies", "none")
TYPES: tuple[SettingType, ...] = (
    "bool",
    "int",
    "duration",
    "size",
    "enum",
    "string",
    "list",
    "map",
    "json",
    "secret",
    "items",
)


def setting(kind: SettingType, **more: Any) -> Setting:
    choices = CHOICES if kind == "enum" else ()
    return Setting("s", kind, why="", docs="", sets=(), choices=choices, **more)


def refused(one: Setting, value: Any) -> str:
    with pytest.raises(UserError) as caught:
        values.read(one, value, "s")
    return "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("kind", "given_", "value"),
    [
        ("bool", "yes", True),
        ("bool", " OFF ", False),
        ("bool", True, True),
        ("int", "12", 12),
        ("int", 12, 12),
        ("duration", "4d", 345_600),
        ("duration", "10 m", 600),
        ("duration", "0s", 0),
        ("size", "256KiB", 262_144),
        ("enum", "policies", "policies"),
        ("string", "text", "text"),
        ("list", "a, b,,c", ["a", "b", "c"]),
        ("list", ["a"], ["a"]),
        ("list", "", []),
        ("map", "a=1,b=x=y", {"a": "1", "b": "x=y"}),
        ("map", {"a": 1}, {"a": "1"}),
        ("json", '{"a": ["b"]}', {"a": ["b"]}),
        ("items", "billing,shipping", {"billing": {}, "shipping": {}}),
        ("items", {"billing": {"retention": "1d"}}, {"billing": {"retention": "1d"}}),
    ],
)
def test_what_is_read(kind: SettingType, given_: Any, value: Any) -> None:
    assert values.read(setting(kind), given_, "s") == value


@pytest.mark.parametrize(
    ("kind", "given_", "said"),
    [
        ("bool", "maybe", "neither true nor false"),
        ("int", "1.5", "not a whole number"),
        ("int", True, "not a whole number"),
        ("int", "9" * 16, "not a whole number"),
        ("duration", "10", "write it with a unit"),
        ("duration", 10, "write it with a unit"),
        ("duration", "10 weeks", "write it with a unit"),
        ("duration", "-1s", "write it with a unit"),
        ("size", "1MB", "write it with a unit"),
        ("enum", "rolse", "nearest: roles"),
        ("string", 3, "is not text"),
        ("list", 3, "is not a list"),
        ("list", "a,b,a", "names 'a' twice"),
        ("map", "a", "KEY=VALUE"),
        ("map", [1], "is not a table"),
        ("json", "{", "is not JSON"),
        ("json", "[1]", "is not a JSON object"),
        ("json", '{"a": [null]}', "holds null, which TOML cannot write"),
        ("json", '{"a": NaN}', "holds what a settings file cannot"),
        ("string", "\ud800", "holds half a character"),
        ("list", [["a"]], "holds something that is not text"),
        ("map", {"a": True}, "holds something that is not text"),
        ("items", 3, "is not a list"),
    ],
)
def test_what_a_mistake_says(kind: SettingType, given_: Any, said: str) -> None:
    assert said in refused(setting(kind), given_)


@pytest.mark.parametrize(
    ("given_", "near"), [("30s", "nearest: 1m"), ("15d", "nearest: 14d"), ("0s", "nearest: 1m")]
)
def test_out_of_range_says_the_range_and_its_nearest_end(given_: str, near: str) -> None:
    error = refused(setting("duration", low=60, high=14 * 86_400), given_)
    assert "1m to 14d" in error
    assert near in error


def test_a_range_with_one_end_is_a_range() -> None:
    assert "below the range" in refused(setting("int", low=1), "0")
    assert "at least 1" in refused(setting("int", low=1), "0")
    assert "at most 9" in refused(setting("int", high=9), "10")


def test_a_pattern_is_shown_in_words() -> None:
    one = setting("string", pattern="[a-z]+", says="lower-case letters")
    assert "lower-case letters" in refused(one, "A")
    assert values.read(one, "", "s") == ""
    many = setting("list", pattern="[a-z]+", says="lower-case letters")
    assert "holds 'B'; allowed: lower-case letters" in refused(many, "a,B")


def test_a_long_or_odd_value_does_not_reach_the_terminal() -> None:
    error = refused(setting("bool"), "\x1b[2J" + "x" * 10_000)
    assert "\x1b" not in error
    assert len(error) < 1500


def test_a_secret_is_not_repeated() -> None:
    assert "hunter2" not in refused(setting("secret", pattern="[0-9]+", says="digits"), "hunter2")


words = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)
scalars = st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=10)
objects = st.dictionaries(
    st.text(max_size=8), st.recursive(scalars, lambda s: st.lists(s, max_size=3)), min_size=1
)
GOOD: dict[SettingType, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": st.integers(-(10**14), 10**14),
    "duration": st.integers(0, 10**14),
    "size": st.integers(0, 10**14),
    "enum": st.sampled_from(CHOICES),
    "string": words,
    "list": st.lists(words, min_size=1, unique=True),
    "json": objects,
    "items": st.lists(words, min_size=1, unique=True).map(lambda names: {n: {} for n in names}),
}


@pytest.mark.parametrize("kind", GOOD)
@given(data=st.data())
def test_what_is_shown_is_read_back(kind: SettingType, data: st.DataObject) -> None:
    one = setting(kind)
    value = data.draw(GOOD[kind])
    assert values.read(one, values.shown(one, value), "s") == value


@pytest.mark.parametrize("kind", GOOD)
@given(data=st.data())
def test_what_is_written_is_read_back(kind: SettingType, data: st.DataObject) -> None:
    one = setting(kind)
    value = data.draw(GOOD[kind])
    assert values.read(one, values.toml_value(one, value), "s") == value


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", TYPES)
@given(value=anything | st.text(max_size=200))
def test_a_hostile_value_is_read_or_a_users_error(kind: SettingType, value: Any) -> None:
    one = setting(kind, low=1, high=100, pattern="[a-z]+", says="letters")
    try:
        read = values.read(one, value, "s")
    except UserError as error:
        said = error.lines()
    else:
        said = [str(values.allowed(one)), *json.dumps(values.shown(one, read)).splitlines()]
    assert all(line.isprintable() for line in said)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 20_000,
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
        '{"\\ud800": 1}',
        "9" * 5000,
        "9" * 5000 + "s",
        "٣",
        "٣s",
        "a," * 2_000,
        "\ud800",
    ],
)
@pytest.mark.parametrize("kind", TYPES)
def test_a_hostile_text_is_read_or_a_users_error(kind: SettingType, text: str) -> None:
    one = setting(kind)
    try:
        read = values.read(one, text, "s")
    except UserError:
        return
    values.shown(one, read)
    json.dumps(values.toml_value(one, read), allow_nan=False, ensure_ascii=False).encode()


@given(st.integers(0, 10**14))
def test_a_duration_is_written_exactly(seconds: int) -> None:
    assert units.duration(units.duration_text(seconds)) == seconds
    assert units.size(units.size_text(seconds)) == seconds


def test_what_is_allowed_is_said_for_every_type() -> None:
    for kind in TYPES:
        assert values.allowed(setting(kind))


def test_toml_durations_are_text_with_a_unit() -> None:
    assert values.toml_value(setting("duration"), 345_600) == "4d"
    assert tomllib.loads(f"x = {json.dumps(values.toml_value(setting('size'), 1024))}") == {
        "x": "1KiB"
    }
