"""mqscaffold.toml: what is written is read back, addresses, and what a mistake says."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqscaffold.catalog.model import STACKS, Stack
from mqscaffold.errors import UserError
from mqscaffold.render import spec as specs
from mqscaffold.render.spec import Address, FlowSpec, HostSpec, Layer, Spec

LISTS = frozenset(("subscribers", "consumer_groups"))
WORDS = {"pattern", "service", "with", "on", *STACKS, *LISTS}

# Any text that is text: a file cannot hold half a character.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = text.filter(lambda name: name not in WORDS)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | text | st.floats(allow_nan=False)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
tables = st.dictionaries(names, values, max_size=3)
stacks = st.dictionaries(
    st.sampled_from(STACKS), st.dictionaries(names, values, min_size=1, max_size=2), max_size=2
)
layers = st.builds(Layer, tables, stacks)
elements = st.dictionaries(text, layers, max_size=3)
flows = st.builds(
    FlowSpec,
    name=text,
    pattern=text.filter(bool),
    service=text.filter(bool),
    features=st.lists(text, max_size=2).map(tuple),
    on=text,
    values=layers,
    items=st.dictionaries(st.sampled_from(sorted(LISTS)), elements, max_size=2),
)
hosts = st.dictionaries(text, st.builds(HostSpec, text.filter(bool), layers), max_size=2)
written = st.builds(
    Spec,
    name=text.filter(bool),
    flows=st.lists(flows, min_size=1, max_size=3, unique_by=lambda f: f.name).map(tuple),
    project=layers,
    hosts=hosts,
    catalog=st.dictionaries(text, text, max_size=3),
)


@given(written)
def test_what_is_written_is_read_back(spec: Spec) -> None:
    again = specs.read(tomllib.loads(specs.write(spec)), LISTS)
    assert again == spec
    assert specs.write(again) == specs.write(spec)


def test_the_file_is_as_a_person_would_write_it() -> None:
    billing = Layer({"max_handler": "60s"}, {"prod": {"retention": "14d"}})
    flow = FlowSpec(
        "orders",
        "fanout",
        "sns-sqs",
        features=("claim-check",),
        values=Layer({"fifo": True}),
        items={"subscribers": {"billing": billing, "shipping": Layer()}},
    )
    stream = FlowSpec(
        "clicks", "event-stream", "kafka", on="main", values=Layer({"partitions": 12})
    )
    spec = Spec(
        "shop",
        (flow, stream),
        project=Layer({"tags": {"owner": "team-shop"}}, {"prod": {"alarms": True}}),
        hosts={"main": HostSpec("kafka", Layer({"hosting": "existing"}))},
        catalog={"name": "mqscaffold", "version": "1.0.0"},
    )
    assert specs.write(spec).partition("\n")[2] == (
        """\
schema = 1
name = "shop"
catalog = { name = "mqscaffold", version = "1.0.0" }

[project]
tags = { owner = "team-shop" }
prod.alarms = true

[hosts.main]
service = "kafka"
hosting = "existing"

[flows.orders]
pattern = "fanout"
service = "sns-sqs"
with = ["claim-check"]
fifo = true
[flows.orders.subscribers.billing]
max_handler = "60s"
prod.retention = "14d"
[flows.orders.subscribers.shipping]

[flows.clicks]
pattern = "event-stream"
service = "kafka"
on = "main"
partitions = 12
"""
    )


def test_an_empty_list_stays_empty() -> None:
    spec = Spec("s", (FlowSpec("orders", "fanout", "sns-sqs", items={"subscribers": {}}),))
    assert "subscribers = []" in specs.write(spec)
    assert specs.read(tomllib.loads(specs.write(spec)), LISTS) == spec


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('name = "s"', "there is no flow"),
        ("[flows.a]", "`name` is missing"),
        ('name = "s"\n[flows.a]\nservice = "sqs"', "`pattern` is missing"),
        ('name = "s"\nflwos = {}', "nearest: flows"),
        ("schema = 2", "schema 2 is not the one"),
        ('name = "s"\nflows = []', "`flows` must be a table"),
        ('name = "s"\nflows.a = 1', "`a` must be a table"),
        ('name = "s"\n[flows.a]\npattern = "p"\nservice = "s"\nwith = "x"', "list of features"),
        ('name = "s"\n[flows.a]\npattern = "p"\nservice = "s"\nprod = 1', "`prod` must be a table"),
        (
            'name = "s"\n[flows.a]\npattern = "p"\nservice = "s"\nsubscribers = 1',
            "this is a table of names",
        ),
        (
            'name = "s"\n[hosts.main]\n[flows.a]\npattern = "p"\nservice = "s"',
            "`service` is missing",
        ),
    ],
)
def test_what_a_mistake_says(toml: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        specs.read(tomllib.loads(toml), LISTS)
    assert said in "\n".join(caught.value.lines())


keys = st.sampled_from(["schema", "name", "catalog", "project", "flows", "hosts", "a", "pattern"])
keys |= st.sampled_from(["service", "with", "on", "dev", "subscribers"])
data = st.dictionaries(
    keys,
    st.recursive(
        st.none() | scalars | st.dates(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys | text, inner, max_size=3),
    ),
)


@given(data)
def test_hostile_data_is_read_or_a_users_error(table: dict[str, Any]) -> None:
    try:
        said = [specs.read(table, LISTS).name]
    except UserError as error:
        said = error.lines()
    assert all(said)


@pytest.mark.parametrize(
    ("written_as", "means"),
    [
        ("retention", Address("retention")),
        ("prod/retention", Address("retention", "prod")),
        ("orders:retention", Address("retention", flow="orders")),
        ("dev/orders:retention", Address("retention", "dev", "orders")),
        (
            "subscribers.billing.retention",
            Address("retention", list="subscribers", item="billing"),
        ),
        (
            "prod/orders-eu:subscribers.eu-billing.retention",
            Address("retention", "prod", "orders-eu", "subscribers", "eu-billing"),
        ),
    ],
)
def test_an_address(written_as: str, means: Address) -> None:
    assert specs.address(written_as) == means
    assert str(means) == written_as


@pytest.mark.parametrize(
    ("written_as", "near"),
    [
        ("", "[STACK/]"),
        ("a.b", "[STACK/]"),
        ("a.b.c.d", "[STACK/]"),
        ("prod/", "[STACK/]"),
        ("orders:", "[STACK/]"),
        ("a:b:c", "[STACK/]"),
        ("prd/retention", "prod"),
        ("x/retention", "dev"),
        ("dev/prod/retention", "[STACK/]"),
        (" retention", "[STACK/]"),
    ],
)
def test_what_is_no_address(written_as: str, near: str) -> None:
    with pytest.raises(UserError) as caught:
        specs.address(written_as)
    assert near in "\n".join(caught.value.lines())


parts = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@given(
    st.builds(
        lambda setting, stack, flow, element: Address(setting, stack, flow, *element),
        parts,
        st.none() | st.sampled_from(STACKS),
        st.just("") | parts,
        st.just(("", "")) | st.tuples(parts, parts),
    )
)
def test_any_address_is_read_back(one: Address) -> None:
    assert specs.address(str(one)) == one


@given(st.text(max_size=30) | st.text("./:ab", max_size=12))
def test_any_text_is_an_address_or_a_users_error(written_as: str) -> None:
    try:
        one = specs.address(written_as)
    except UserError:
        return
    assert str(one) == written_as


@pytest.mark.parametrize("stack", [None, "dev", "prod"])
def test_a_value_is_set_where_it_is_said_and_nowhere_else(stack: Stack | None) -> None:
    before = Layer({"a": 1}, {"dev": {"b": 2}})
    after = before.with_value(stack, "c", 3)
    assert before == Layer({"a": 1}, {"dev": {"b": 2}})
    assert after.names() == {"a", "b", "c"}
    assert (after.both if stack is None else after.stacks[stack])["c"] == 3


def test_an_unknown_flow_says_the_nearest() -> None:
    spec = Spec("s", (FlowSpec("orders", "fanout", "sns-sqs"),))
    with pytest.raises(UserError) as caught:
        spec.flow("order")
    assert caught.value.near == ("orders",)
