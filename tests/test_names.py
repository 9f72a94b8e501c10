"""Names: one rule that holds for folders, Python, Pulumi and AWS, and the nearest valid name."""

from __future__ import annotations

import keyword
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqscaffold.errors import UserError
from mqscaffold.names import (
    JOINED_LIMIT,
    NAME_LIMIT,
    SHADOWS,
    check_joined,
    check_name,
    nearest,
    package_name,
    slug,
    unknown,
    variable_name,
)


def refused(text: str, **options: object) -> UserError:
    with pytest.raises(UserError) as caught:
        check_name(text, what="flow", **options)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("name", ["orders", "orders-eu", "a", "o2-b3", "x" * NAME_LIMIT])
def test_valid_names_pass_unchanged(name: str) -> None:
    assert check_name(name, what="flow") == name


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Orders", "orders"),
        ("orders_eu", "orders-eu"),
        ("orders--eu", "orders-eu"),
        ("orders-", "orders"),
        ("-orders", "orders"),
        ("2orders", "orders"),
        ("orderEvents", "order-events"),
        ("Größe", "groe"),
        ("/tmp/orders", "orders"),
        ("../orders", "orders"),
        ("..\\orders", "orders"),
        ("C:\\work\\orders", "orders"),
        ("orders/", "orders"),
        (".orders", "orders"),
        ("orders\x1b[2J", "orders-2-j"),
        ("orders\n", "orders"),
        ("class", "my-class"),
        ("match", "my-match"),
        ("list", "my-list"),
        ("queue", "my-queue"),
        ("", "my-flow"),
        ("名前", "my-flow"),
        ("..", "my-flow"),
        ("con cat", "con-cat"),
        ("aux", "my-aux"),
    ],
)
def test_every_refusal_offers_a_name_that_passes(name: str, near: str) -> None:
    error = refused(name)
    assert error.near == (near,)
    assert check_name(near, what="flow") == near
    assert len(error.lines()) <= 6


def test_a_reserved_name_is_refused_where_it_is_reserved() -> None:
    error = refused("producer", reserved={"producer"}, where="--set subscribers")
    assert "uses it itself" in error.message
    assert error.where == "--set subscribers"
    assert check_name("producer", what="flow") == "producer"


def test_the_nearest_name_is_not_reserved_either() -> None:
    assert refused("Alarms", reserved={"alarms"}).near == ("my-alarms",)


def test_a_standard_library_module_is_hidden_only_by_a_top_level_package() -> None:
    assert "standard library" in refused("email").message
    assert check_name("email", what="subscriber", stands_alone=False) == "email"


def test_a_name_is_tested_as_the_package_it_becomes() -> None:
    # `xml-sax` is no module, but a dashed name can be one: `-` turns into `_`.
    dashed = [name for name in sys.stdlib_module_names if "_" in name[1:-1] and name[0] != "_"]
    assert dashed
    assert "standard library" in refused(dashed[0].replace("_", "-").lower()).message


def test_words_of_the_language_are_refused_everywhere() -> None:
    for word in [*keyword.kwlist, *keyword.softkwlist]:
        if word.islower() and word.isalpha():
            refused(word, stands_alone=False)


def test_shadows_are_names_in_our_shape() -> None:
    assert all(slug(name) == name for name in SHADOWS)


def test_the_longest_single_name_makes_a_role_that_aws_takes() -> None:
    assert len("x" * NAME_LIMIT + "-operator" + "-0123456") == 64
    assert f"{NAME_LIMIT + 1} characters" in refused("x" * (NAME_LIMIT + 1)).message


def test_the_longest_pair_makes_a_queue_that_aws_takes() -> None:
    flow, item = "f" * 20, "i" * (JOINED_LIMIT - 21)
    check_joined(flow, item)
    assert len(f"{flow}-{item}-undelivered-0123456.fifo") == 80
    with pytest.raises(UserError, match="56 characters and 55 fit"):
        check_joined(flow, item + "i")


def test_a_huge_name_is_refused_briefly() -> None:
    error = refused("x" * 100_000)
    assert max(map(len, error.lines())) < 300


@given(st.text(max_size=200))
def test_any_text_is_valid_or_has_a_valid_neighbour(text: str) -> None:
    try:
        check_name(text, what="flow", reserved=SHADOWS)
    except UserError as error:
        (near,) = error.near
        check_name(near, what="flow", reserved=SHADOWS)


def test_packages_and_variables() -> None:
    assert package_name("orders-eu") == "orders_eu"
    assert variable_name("orders-eu", "billing", "queue-url") == "ORDERS_EU_BILLING_QUEUE_URL"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("fanuot", ("fanout",)),
        ("FANOUT", ("fanout",)),
        ("retry", ("retry_for", "retry-tiers")),
        ("max-handler", ("max_handler",)),
        ("zzz", ()),
        ("", ()),
    ],
)
def test_nearest(word: str, near: tuple[str, ...]) -> None:
    assert nearest(word, ["fanout", "retry-tiers", "retry_for", "max_handler"]) == near


def test_an_unknown_word_shows_a_short_list_whole() -> None:
    error = unknown("stack", "zzz", ["dev", "prod"], where="--set")
    assert error.lines() == [
        "Error: unknown stack 'zzz'",
        "  where: --set",
        "  nearest: dev, prod",
    ]
    assert unknown("pattern", "zzz", [f"p{n}" for n in range(33)]).near == ()
