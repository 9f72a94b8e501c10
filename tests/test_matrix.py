"""The matrix as data: equal to the transcribed table, and every refusal helps its reader."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mqscaffold.catalog.matrix import Cell, best, cell, cells, suggestion

BLUEPRINTS = Path(__file__).parent.parent / "blueprints"
MATRIX = Path(__file__).parent / "data" / "matrix.txt"
SERVICES = [
    *("sqs", "sns", "sns-sqs", "kinesis", "kafka", "msk", "eventbridge"),
    *("servicebus", "eventhubs", "pulsar", "nats", "redpanda", "rabbitmq", "pubsub"),
]
VARIANTS = {
    "sqs": ["fifo"],
    "sns": ["fifo"],
    "sns-sqs": ["fifo"],
    "kafka": ["strimzi"],
    "msk": ["express", "serverless"],
    "servicebus": ["premium"],
}
# Each column of the table: the services, with variant, that it describes.
COLUMNS = {
    "SQS": ["sqs"],
    "SQF": ["sqs+fifo"],
    "SNS": ["sns"],
    "SNF": ["sns+fifo"],
    "FAN": ["sns-sqs", "sns-sqs+fifo"],
    "KIN": ["kinesis"],
    "KAF": ["kafka", "kafka+strimzi", "msk", "msk+express"],
    "MSL": ["msk+serverless"],
    "EB": ["eventbridge"],
    "SB": ["servicebus", "servicebus+premium"],
    "EH": ["eventhubs"],
    "PUL": ["pulsar"],
    "JS": ["nats"],
    "RP": ["redpanda"],
    "RMQ": ["rabbitmq"],
    "PS": ["pubsub"],
}
# Where one column stands for two variants that differ, the table shows the abler one.
NOTES = {
    # Order and deduplication need a FIFO topic with FIFO queues.
    ("ordered", "sns-sqs"): "refused",
    ("producer-dedup", "sns-sqs"): "refused",
    ("exactly-once", "sns-sqs"): "refused",
    # The table has the archive in a bucket; a FIFO topic brings its own.
    ("replay", "sns-sqs+fifo"): "native",
    # Geo-replication and messages above 256 KB need a Premium namespace.
    ("cross-region", "servicebus"): "refused",
    ("large-messages", "servicebus"): "refused",
}
STATES = {"N": "native", "C": "composed", "-": "refused"}

Tables = dict[str, dict[str, Any]]


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((BLUEPRINTS / name).read_text("utf-8"))


@pytest.fixture(scope="module")
def tables() -> tuple[Tables, Tables, Tables, Tables]:
    services = {name: _toml(f"services/{name}.toml") for name in SERVICES}
    return _toml("patterns.toml"), _toml("topologies.toml"), _toml("features.toml"), services


@pytest.fixture(scope="module")
def matrix(tables: tuple[Tables, Tables, Tables, Tables]) -> dict[tuple[str, str], Cell]:
    return {(c.pattern, _place(c)): c for c in cells(*tables)}


def _place(one: Cell) -> str:
    return f"{one.service}+{one.variant}" if one.variant else one.service


def test_size(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    patterns, topologies, features, services = tables
    assert len(patterns) == 33
    assert len(topologies) == 8
    assert len(topologies | features) == 33
    assert sorted(p.stem for p in (BLUEPRINTS / "services").glob("*.toml")) == sorted(SERVICES)
    columns = {
        name: [key for key, variant in table["variants"].items() if variant.get("column", True)]
        for name, table in services.items()
        if "variants" in table
    }
    assert columns == VARIANTS


def test_equals_the_table(matrix: dict[tuple[str, str], Cell]) -> None:
    header, *rows = [line for line in MATRIX.read_text("utf-8").splitlines() if line[0] != "#"]
    columns = header.split()[1:]
    assert columns == list(COLUMNS)
    expected: dict[tuple[str, str], str] = {}
    for row in rows:
        pattern, *letters = row.split()
        for column, letter in zip(columns, letters, strict=True):
            for place in COLUMNS[column]:
                expected[pattern, place] = STATES[letter.rstrip("*")]
    assert len(rows) * len(columns) == 33 * 16
    assert all(expected[key] != state for key, state in NOTES.items())
    assert {key: one.state for key, one in matrix.items()} == expected | NOTES


def test_rows_are_in_the_order_of_the_table(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    rows = [line.split()[0] for line in MATRIX.read_text("utf-8").splitlines()[2:]]
    assert list(tables[0]) == rows


def test_parts_exist_and_none_is_unused(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    patterns, topologies, features, services = tables
    named: set[str] = set()
    for pattern in patterns.values():
        assert pattern.get("topology", "saga") in topologies
        assert set(pattern.get("features", ())) <= set(features)
        named |= {pattern.get("topology", "saga"), *pattern.get("features", ())}
    assert named == set(topologies | features)
    for service in services.values():
        assert service["carrier"] in topologies
        for table in (service, *service.get("variants", {}).values()):
            for key in ("states", "refusals", "settings"):
                assert set(table.get(key, ())) <= named


def test_a_carrier_works_on_its_service(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    for name, service in tables[3].items():
        assert best(*tables, service["carrier"], name).state != "refused"


def test_refusals_have_words(matrix: dict[tuple[str, str], Cell]) -> None:
    for key, one in matrix.items():
        if one.state != "refused":
            assert (one.reason, one.instead) == (None, ()), key
            continue
        assert one.reason, key
        assert len(one.reason) <= 160, key
        assert one.reason.endswith("."), key
        assert one.instead, key
        assert len(set(one.instead)) == len(one.instead), key


def test_no_words_without_a_refusal(
    tables: tuple[Tables, Tables, Tables, Tables], matrix: dict[tuple[str, str], Cell]
) -> None:
    """Words written for a refusal that the states no longer have would mislead."""
    _, topologies, features, services = tables
    shown = {one.reason for one in matrix.values()}
    written = {part["reason"] for part in (topologies | features).values() if "reason" in part}
    for service in services.values():
        for table in (service, *service.get("variants", {}).values()):
            written |= {words["reason"] for words in table.get("refusals", {}).values()}
    assert written == shown - {None}


def test_suggestions_work(
    tables: tuple[Tables, Tables, Tables, Tables], matrix: dict[tuple[str, str], Cell]
) -> None:
    for (pattern, place), one in matrix.items():
        for entry in one.instead:
            said = suggestion(entry, pattern, one.service)
            assert said != suggestion(place, pattern, one.service), (pattern, place, entry)
            if said.variant:
                target = cell(*tables, said.pattern, said.service, said.variant)
            else:
                target = best(*tables, said.pattern, said.service)
            assert target.state != "refused", (pattern, place, entry)


def test_suggestions_near_by_come_first(matrix: dict[tuple[str, str], Cell]) -> None:
    assert matrix["delayed", "kinesis"].instead[:3] == ("pattern:retry-tiers", "sqs", "eventbridge")
    assert matrix["priority", "eventhubs"].instead[0] == "servicebus"
    assert matrix["schema-registry", "rabbitmq"].instead[0] in {"pulsar", "redpanda", "kafka"}


def test_suggestions_keep_the_variant(matrix: dict[tuple[str, str], Cell]) -> None:
    assert matrix["delayed", "sns"].instead == ("sns-sqs", "sqs", "eventbridge")
    assert matrix["delayed", "sns+fifo"].instead == ("sns-sqs+fifo", "sqs+fifo", "eventbridge")


@pytest.mark.parametrize("service", ["sqs", "sns", "sns-sqs"])
def test_a_pattern_may_fix_a_variant(
    tables: tuple[Tables, Tables, Tables, Tables], service: str
) -> None:
    one = best(*tables, "ordered", service)
    assert (one.variant, one.state, one.settings) == ("fifo", "native", {"fifo": True})
    assert cell(*tables, "ordered", service).state == "refused"
    assert best(*tables, "large-messages", service).variant is None


def test_a_pattern_may_fix_a_tier(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    one = best(*tables, "large-messages", "servicebus")
    assert (one.variant, one.state, one.settings) == ("premium", "native", {"sku": "Premium"})
    assert best(*tables, "ordered", "servicebus").variant is None


def test_one_cell_is_the_one_in_the_matrix(
    tables: tuple[Tables, Tables, Tables, Tables], matrix: dict[tuple[str, str], Cell]
) -> None:
    assert cell(*tables, "replay", "msk", "serverless") == matrix["replay", "msk+serverless"]
    with pytest.raises(KeyError):
        cell(*tables, "replay", "msk", "fifo")


def test_a_service_may_be_like_a_variant() -> None:
    part: Tables = {"x": {"usual": "native"}}
    services: Tables = {
        "a": {
            "cloud": "aws",
            "variants": {
                "v": {
                    "if": "v",
                    "states": {"x": "refused"},
                    "refusals": {"x": {"reason": "No.", "instead": ["a"]}},
                }
            },
        },
        "b": {"cloud": "gcp", "like": "a+v"},
        "c": {"cloud": "gcp", "like": "b", "states": {"x": "composed"}},
    }
    found = cells({"p": {"topology": "x"}}, part, {}, services)
    assert [(c.service, c.variant, c.state, c.reason) for c in found] == [
        ("a", None, "native", None),
        ("a", "v", "refused", "No."),
        ("b", None, "refused", "No."),
        ("c", None, "composed", None),
    ]


def test_a_variant_that_only_fills_places_has_no_cells() -> None:
    variants: Tables = {"v": {"if": "v", "column": False}, "w": {"if": "w"}}
    services: Tables = {"a": {"cloud": "aws", "variants": variants}}
    found = cells({"p": {"topology": "x"}}, {"x": {"usual": "native"}}, {}, services)
    assert [c.variant for c in found] == [None, "w"]


def test_the_worst_part_decides_and_the_last_refused_speaks() -> None:
    parts: Tables = {
        name: {"usual": state, "reason": f"{name}.", "instead": []}
        for name, state in {"n": "native", "c": "composed", "r": "refused", "s": "refused"}.items()
    }
    patterns: Tables = {
        "nc": {"topology": "n", "features": ["c"]},
        "cn": {"topology": "c", "features": ["n"]},
        "rc": {"topology": "r", "features": ["c"]},
        "rs": {"topology": "r", "features": ["s"]},
    }
    found = cells(patterns, parts, {}, {"a": {"cloud": "aws", "carrier": "r"}})
    assert [(c.pattern, c.state, c.reason) for c in found] == [
        ("nc", "composed", None),
        ("cn", "composed", None),
        ("rc", "refused", "r."),
        ("rs", "refused", "s."),
    ]


def test_the_matrix_is_said_briefly(tables: tuple[Tables, Tables, Tables, Tables]) -> None:
    exceptions = sum(
        len(table.get("states", ()))
        for service in tables[3].values()
        for table in (service, *service.get("variants", {}).values())
    )
    print(f"{exceptions} exceptions say {33 * 16} cells")
    assert exceptions <= 190
