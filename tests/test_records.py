"""Shared methods, the same behaviour: each case is tried on both decorators."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import pytest

from mqscaffold import records

BOTH = pytest.mark.parametrize("decorator", [dataclasses.dataclass, records.dataclass])


def point(decorator: Callable[..., Any]) -> Any:
    @decorator(frozen=True)
    class Point:
        KIND: ClassVar[str] = "p"
        x: int
        y: int = 2
        tags: list[str] = dataclasses.field(default_factory=list)
        note: str = dataclasses.field(default="", compare=False, repr=False)

        @cached_property
        def total(self) -> int:
            return self.x + self.y

    return Point


@BOTH
def test_values_defaults_and_their_order(decorator: Callable[..., Any]) -> None:
    kind = point(decorator)
    made = kind(1, tags=["a"])
    assert (made.x, made.y, made.tags, made.note) == (1, 2, ["a"], "")
    assert kind(1).tags is not kind(1).tags
    assert kind(3, 4, [], "n") == kind(x=3, y=4)
    assert made.total == 3
    assert kind.__match_args__ == ("x", "y", "tags", "note")


@BOTH
@pytest.mark.parametrize(
    ("args", "values"),
    [((), {}), ((1,), {"x": 1}), ((1, 2, [], "", 5), {}), ((1,), {"z": 1}), ((), {"y": 1})],
)
def test_wrong_values_are_refused(
    decorator: Callable[..., Any], args: tuple[Any, ...], values: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        point(decorator)(*args, **values)


@BOTH
def test_nothing_can_be_changed(decorator: Callable[..., Any]) -> None:
    made = point(decorator)(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.x
    assert made.x == 1


@BOTH
def test_equality_hash_and_repr(decorator: Callable[..., Any]) -> None:
    @decorator(frozen=True)
    class Pair:
        a: int
        b: str = dataclasses.field(default="", compare=False)
        c: str = dataclasses.field(default="", repr=False)

    assert Pair(1, "x") == Pair(1, "y")
    assert Pair(1) != Pair(2)
    assert Pair(1) != (1, "", "")
    assert hash(Pair(1, "x")) == hash(Pair(1, "y"))
    assert repr(Pair(1, "x")).endswith("Pair(a=1, b='x')")


@BOTH
def test_the_standard_helpers_work(decorator: Callable[..., Any]) -> None:
    made = point(decorator)(1)
    assert [field.name for field in dataclasses.fields(made)] == ["x", "y", "tags", "note"]
    assert dataclasses.replace(made, y=5) == point_like(made, y=5)
    assert dataclasses.asdict(made) == {"x": 1, "y": 2, "tags": [], "note": ""}
    assert copy.deepcopy(made) == made


def point_like(made: Any, **changes: Any) -> Any:
    return type(made)(**{**made.__dict__, **changes})


@BOTH
def test_keywords_only(decorator: Callable[..., Any]) -> None:
    @decorator(frozen=True, kw_only=True)
    class Options:
        a: int = 1
        b: int

    assert Options(b=2).a == 1
    with pytest.raises(TypeError):
        Options(1, 2)


@BOTH
def test_a_class_that_builds_on_another(decorator: Callable[..., Any]) -> None:
    @decorator(frozen=True)
    class First:
        a: int

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("a is negative")

    @decorator(frozen=True)
    class Second(First):
        b: int = 2

    assert Second(1) != First(1)
    assert (Second(1).a, Second(1).b) == (1, 2)
    with pytest.raises(ValueError, match="negative"):
        Second(-1)


@records.dataclass(frozen=True)
class Pickled:
    """At the top of a module, where pickle can find it."""

    a: int


def test_pickle() -> None:
    assert pickle.loads(pickle.dumps(Pickled(1))) == Pickled(1)


def test_what_is_unusual_is_left_to_the_standard_decorator() -> None:
    @records.dataclass
    class Plain:
        a: int

    @records.dataclass(frozen=True, slots=True)
    class Slotted:
        a: int

    plain = Plain(1)
    plain.a = 2
    assert plain == Plain(2)
    assert not hasattr(Slotted(1), "__dict__")
