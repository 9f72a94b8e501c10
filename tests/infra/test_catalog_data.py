"""blueprints/components/aws.toml says what the components take, give and make; they must agree."""

import dataclasses
import inspect
import itertools
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pulumi
import pytest
from infra_programs import COMPONENTS, FANOUT, PROD, ROOT, WORK_QUEUE
from pulumi.provider.experimental.analyzer import Analyzer

from mqscaffold.catalog.expression import parse
from recorded_stack import Stack

Run = Callable[..., Stack]
components: Any = import_module("components")

with (ROOT / "blueprints" / "components" / "aws.toml").open("rb") as file:
    DATA: dict[str, dict[str, Any]] = tomllib.load(file)

SHARED = {"__init__", "alarms", "documents", "keys", "sqs"}
# The inputs that Pulumi must find in each component, as it names them.
INPUTS = {
    "Topic": "fifo largeMessages cmk keep orgId alarmTopicArn",
    "ExistingTopic": "reference",
    "Queue": "fifo largeMessages cmk keep visibilityTimeoutSeconds waitTimeSeconds retentionSeconds"
    " dlqRetentionSeconds delaySeconds maxReceiveCount topicArn alarmTopicArn",
    "Subscriber": "topicArn filterPolicy filterScope fifo largeMessages cmk keep"
    " visibilityTimeoutSeconds waitTimeSeconds retentionSeconds dlqRetentionSeconds delaySeconds"
    " maxReceiveCount alarmTopicArn",
    "Role": "policies assumedBy permissionsBoundaryArn path",
    "Policy": "policies path",
    "AlarmTopic": "enabled topicArn keep",
}


def component(name: str) -> type[pulumi.ComponentResource]:
    return getattr(components, name)


def arguments(name: str) -> Any:
    return getattr(components, f"{name}Args")


def test_every_component_is_described() -> None:
    files = {path.stem for path in COMPONENTS.glob("*.py")} - SHARED
    assert {entry["file"] for entry in DATA.values()} == files
    assert set(components.__all__) == set(DATA) | {f"{name}Args" for name in DATA}
    for entry in DATA.values():
        source = (COMPONENTS / f"{entry['file']}.py").read_text("utf-8")
        assert f'super().__init__("{entry["token"]}", name, None, opts)' in source


@pytest.mark.parametrize("name", DATA)
def test_arguments_and_defaults(name: str) -> None:
    args = arguments(name)
    assert args.__dataclass_params__.frozen
    expected: dict[str, Any] = {}
    for field in dataclasses.fields(args):
        assert field.kw_only
        default: Any = "required" if field.default is dataclasses.MISSING else field.default
        if default is None:
            default = {} if field.name == "filter_policy" else ""
        expected[field.name] = default
    assert DATA[name]["args"] == expected
    assert list(DATA[name]["args"]) == list(expected)


@pytest.mark.parametrize("name", DATA)
def test_plain_arguments_take_no_outputs(name: str) -> None:
    """`bool(Output(False))` is true, so what an `if` reads must never be an output."""
    hints = inspect.get_annotations(arguments(name))
    plain = {key for key, hint in hints.items() if "Output" not in str(hint)}
    assert set(DATA[name]["plain"]) == plain


@pytest.mark.parametrize("name", DATA)
def test_outputs_and_offers_are_declared(name: str) -> None:
    declared = set(component(name).__annotations__)
    entry = DATA[name]
    assert {*entry.get("outputs", {}).values(), *entry.get("offers", {}).values()} <= declared


@pytest.mark.parametrize("name", DATA)
def test_pulumi_finds_the_real_inputs(name: str) -> None:
    found = Analyzer("messaging").analyze([component(name)])["component_definitions"][name]
    assert list(found.inputs) == INPUTS[name].split()
    required = {key for key, value in found.inputs.items() if not value.optional}
    assert {"Topic", "Queue"} & {name} or required
    assert set(found.outputs_mapping.values()) == set(component(name).__annotations__)


@pytest.mark.parametrize("path", sorted(COMPONENTS.glob("*.py")), ids=lambda path: path.name)
def test_components_stay_small(path: Any) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert "from __future__" not in text  # Pulumi's analyser cannot read what it turns into text


def grid() -> Iterator[tuple[str, dict[str, Any]]]:
    topic = "arn:aws:sns:eu-west-1:123456789012:orders"
    for fifo, cmk, alarms in itertools.product((False, True), repeat=3):
        flags = {"fifo": fifo, "cmk": cmk, "keep": fifo != cmk, "large_messages": fifo == alarms}
        common = {**flags, "alarm_topic_arn": topic if alarms else ""}
        yield "Topic", {**common, "org_id": "o-a1b2c3d4e5" if fifo else ""}
        yield "Queue", {**common, "topic_arn": topic if cmk else ""}
        wanted = {"ce_type": ["order.placed"]} if fifo else {}
        yield "Subscriber", {**common, "topic_arn": topic, "filter_policy": wanted}
    for enabled, given, keep in itertools.product((False, True), repeat=3):
        yield "AlarmTopic", {"enabled": enabled, "topic_arn": topic if given else "", "keep": keep}
    yield "ExistingTopic", {"reference": topic}
    yield "ExistingTopic", {"reference": "ssm:/shop/orders/topic-arn"}
    empty = '{"Version": "2012-10-17", "Statement": []}'
    yield "Role", {"policies": [empty]}
    yield "Policy", {"policies": [empty], "path": "/shop/"}


def test_resources_and_names(run: Run) -> None:
    """Every combination of the arguments that change structure, in one program."""
    cases = [(f"c{number}", name, args) for number, (name, args) in enumerate(grid())]
    given = [
        (case, name, {key: value for key, value in args.items() if value not in ("", {})})
        for case, name, args in cases
    ]
    source = "import components\n" + "\n".join(
        f"components.{name}({case!r}, components.{name}Args(**{args!r}))"
        for case, name, args in given
    )
    stack = run(source)
    suffixes: dict[str, set[str]] = {name: set() for name in DATA}
    for case, name, args in cases:
        entry = DATA[name]
        mine = [
            one
            for one in stack.resources
            if one.type.startswith("aws:") and (one.name == case or one.name.startswith(f"{case}-"))
        ]
        values = {**entry["args"], **args, "alarms": bool(args.get("alarm_topic_arn"))}
        expected = {
            row["type"]: int(parse(row["count"]).value(values))
            for row in entry.get("resources", [])
        }
        found = Counter(one.type for one in mine)
        assert found == Counter({kind: n for kind, n in expected.items() if n}), (name, args)
        suffixes[name] |= {one.name.removeprefix(case) for one in mine}
    for name, found_suffixes in suffixes.items():
        assert found_suffixes | {""} == set(DATA[name]["children"]), name


@pytest.mark.parametrize(
    ("source", "values", "count"),
    [
        (FANOUT, {}, 28),
        (FANOUT, PROD, 42),
        (WORK_QUEUE, {}, 12),
        (WORK_QUEUE, PROD, 18),
    ],
)
def test_how_many_resources(run: Run, source: str, values: dict[str, Any], count: int) -> None:
    """Development stays small: at most 30 for a topic, two subscribers and four roles."""
    stack = run(source, **values)
    made = [one for one in stack.resources if one.type.startswith("aws:")]
    assert len(made) == count
    assert values or count <= 30
    assert len({one.urn for one in made}) == count
