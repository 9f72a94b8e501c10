"""Eleven very different cells through the composer, from a catalog of their own without files.

Each cell is its answers (``cells/<cell>.toml``), the program it prints (``.py``), and what the
program does not show (``.txt``): the stack's keys, and who sends, reads and may do what.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mqscaffold.catalog.load import Catalog, load
from mqscaffold.catalog.source import Source
from mqscaffold.errors import UserError
from mqscaffold.render import spec as specs
from mqscaffold.render.compose import compose
from mqscaffold.render.graph import Graph, Many, Node, Reference, Running
from mqscaffold.render.program import program
from mqscaffold.render.request import Request, spec_of
from mqscaffold.render.resolve import resolve
from mqscaffold.render.resolved import Project

FOLDER = Path(__file__).parent / "cells"
CELLS = sorted(path.stem for path in FOLDER.glob("c[0-9]*.toml"))


@cache
def catalog() -> Catalog:
    return load(FOLDER / "catalog")


@dataclass(frozen=True)
class Built:
    """A cell after the composer."""

    project: Project
    graph: Graph
    program: str
    facts: str

    def node(self, logical: str, slot: str) -> Node:
        found = [n for n in self.graph.nodes if (n.logical, n.slot) == (logical, slot)]
        assert len(found) == 1, f"{logical} as {slot}"
        return found[0]

    def policies(self, process: str) -> list[str]:
        flow = self.project.flows[0].name
        return policies(self.graph, self.node(f"{flow}-{process}", "role"))

    def running(self, name: str) -> Running:
        return next(process for process in self.graph.processes if process.name == name)


def answers(cell: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{cell}.toml").read_text(encoding="utf-8"))


def build(data: dict[str, Any]) -> Built:
    """``data`` (parsed mqscaffold.toml) composed and printed."""
    lists = catalog().lists
    project = resolve(specs.read(data, lists), catalog())
    graph = compose(project, catalog())
    return Built(project, graph, program(project, graph), "\n".join(_facts(project, graph)) + "\n")


def policies(graph: Graph, role: Node) -> list[str]:
    """What a process's identity is given, as the program writes it."""
    variables = {node.key: node.variable for node in graph.nodes}
    return [
        f"{variables[item.node]}.{item.output}"
        for argument in role.args.values()
        if isinstance(argument, Many)
        for item in argument.items
        if isinstance(item, Reference)
    ]


def _facts(project: Project, graph: Graph) -> Iterator[str]:
    for flow in project.flows:
        for word, said in (
            ("variants", " ".join(flow.places.variants)),
            ("operations", " ".join(flow.places.operations)),
            ("envelope", flow.places.envelope),
            ("by code", " ".join(n for n, s in flow.places.slots.items() if not s.component)),
        ):
            if said:
                yield f"{flow.name} {word}: {said}"
    yield "stack keys"
    for key in graph.stack_keys.values():
        held = " ".join(f"{stack}={value!r}" for stack, value in key.by_stack.items())
        kind = "secret" if key.secret else key.type
        yield f"  {key.key}: {kind} {'required' if key.required else held}"
    yield "processes"
    for process in graph.processes:
        yield f"  {process.flow.name} {process.name}" + (
            f" (by the {process.process.by})" if process.process.by else ""
        )
        for word in ("sends", "reads", "operates", "uses"):
            if names := getattr(process.process, word):
                yield f"    {word} {' '.join(names)}"
        for node in graph.nodes:
            if node.key == (process.flow.name, "role", process.name):
                yield f"    policies {' '.join(policies(graph, node))}"


def project_of(*flows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A project of flows on SNS and SQS; each is {"name": ..., "subscribers": [...]}."""
    written = {flow["name"]: {"pattern": "fanout", "service": "sns-sqs", **flow} for flow in flows}
    for flow in written.values():
        del flow["name"]
    return {"name": "shop", "flows": written, **more}


def refused(data: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        build(data)
    return "\n".join(caught.value.lines())


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_composes_to_its_program(cell: str) -> None:
    built = build(answers(cell))
    assert built.program == (FOLDER / f"{cell}.py").read_text(encoding="utf-8")
    compile(built.program, f"{cell}.py", "exec")


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_has_its_stack_keys_and_processes(cell: str) -> None:
    assert build(answers(cell)).facts == (FOLDER / f"{cell}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_reads_the_same_after_it_was_written(cell: str) -> None:
    lists = catalog().lists
    spec = specs.read(answers(cell), lists)
    again = tomllib.loads(specs.write(spec))
    assert specs.read(again, lists) == spec
    assert build(again).program == build(answers(cell)).program


# Names that join to one: the error names both, and no node replaces another.


@pytest.mark.parametrize(
    ("flows", "one", "other"),
    [
        (
            [
                {"name": "orders", "subscribers": ["eu-billing"]},
                {"name": "orders-eu", "subscribers": ["billing"]},
            ],
            "subscriber eu-billing of orders",
            "subscriber billing of orders-eu",
        ),
        (
            [{"name": "orders", "subscribers": ["eu"]}, {"name": "orders-eu", "subscribers": []}],
            "subscriber eu of orders",
            "flow orders-eu",
        ),
        (
            [{"name": "alarms", "subscribers": ["billing"]}],
            "alarms",
            "flow alarms",
        ),
        (
            [{"name": "orders", "subscribers": ["producer"]}],
            "subscriber producer of orders",
            "its process producer",
        ),
        (
            [{"name": "orders", "subscribers": ["operator"]}],
            "subscriber operator of orders",
            "its process operator",
        ),
    ],
    ids=["flow-and-item", "flow-and-subscriber", "flow-and-shared", "producer", "operator"],
)
def test_names_that_join_to_one_are_refused(
    flows: list[dict[str, Any]], one: str, other: str
) -> None:
    error = refused(project_of(*flows))
    assert one in error
    assert other in error


def test_a_subscriber_called_key_takes_nothing_from_its_flow() -> None:
    """Keys are children of their component: the word is only a name."""
    built = build(project_of({"name": "orders", "subscribers": ["key"], "cmk": True}))
    assert built.node("orders-key", "subscriber").origin == "subscriber key of orders"
    assert built.policies("key") == ["orders_key.consume_policy"]


@pytest.mark.parametrize("name", ["producer", "key", "alarms"])
def test_reserved_words_are_refused_as_names(name: str) -> None:
    data = project_of({"name": "orders", "subscribers": [name]})
    with pytest.raises(UserError, match=f"'{name}' is no valid subscriber name"):
        spec_of(Request(answers=data), catalog())


def test_names_that_join_to_one_folder_are_refused() -> None:
    data = project_of({"name": "orders-eu", "subscribers": []}, {"name": "orders_eu"})
    assert "flow orders-eu and flow orders_eu both come out as the folder" in refused(data)


def test_a_name_that_joins_to_a_stack_value_is_refused() -> None:
    """`prod.cmk` is read twice, so it gets a variable, which a subscriber called cmk has too."""
    data = project_of({"name": "orders", "prod": {"cmk": True}, "subscribers": ["cmk"]})
    assert "stack value orders-cmk" in refused(data)
    assert "subscriber cmk of orders" in refused(data)


def test_a_subscribers_child_and_another_subscriber_are_two() -> None:
    """`orders-eu-dlq` is the dead-letter queue of one and the queue of the other."""
    error = refused(project_of({"name": "orders", "subscribers": ["eu", "eu-dlq"]}))
    assert "subscriber eu of orders and subscriber eu-dlq of orders both come out as" in error


def test_the_programs_own_names_are_taken() -> None:
    error = refused(project_of({"name": "pulumi", "subscribers": []}))
    assert "the program itself and flow pulumi both come out as the variable pulumi" in error


def test_two_values_of_one_stack_key_are_refused() -> None:
    data = project_of(
        {"name": "orders", "subscribers": {"eu": {"prod": {"visibility": "60s"}}}},
        {"name": "orders-eu", "subscribers": ["billing"], "prod": {"visibility": "90s"}},
    )
    error = refused(data)
    assert "subscriber eu of orders and flow orders-eu both come out as the stack key" in error


def test_every_node_of_two_flows_is_there() -> None:
    built = build(answers("c11_two_flows"))
    names = [(node.component.name, node.logical) for node in built.graph.nodes]
    assert len(set(names)) == len(names) == 13


# Who may do what.


def test_the_relay_sends_what_the_producer_only_writes_down() -> None:
    built = build(answers("c02_fanout_outbox"))
    assert built.policies("producer") == ["orders_outbox_table.write_policy"]
    assert "orders.publish_policy" in built.policies("relay")
    assert "orders_outbox_table.relay_policy" in built.policies("relay")
    senders = [p.name for p in built.graph.processes if "entry" in p.process.sends]
    assert senders == ["relay"]


def test_the_relay_reads_no_messages() -> None:
    """What consumers read besides their queue (payloads, claims) is not the relay's."""
    built = build(answers("c02_fanout_outbox"))
    assert built.running("relay").process.reads == ("outbox_table",)
    assert "orders_blob_store.read_policy" not in built.policies("relay")


def test_implied_features_need_not_be_named() -> None:
    named = answers("c02_fanout_outbox")
    named["flows"]["orders"]["with"] = ["claim-check", "outbox"]
    assert build(named).program == build(answers("c02_fanout_outbox")).program


def test_a_change_source_writes_and_no_producer_of_ours_does() -> None:
    built = build(answers("c10_change_data_capture_kinesis"))
    connector = built.running("connector")
    assert (connector.process.sends, connector.process.by) == (("entry",), "service")
    assert [p.name for p in built.graph.processes if not p.process.by] == ["billing", "search"]
    assert "producer" not in built.program
    assert "connector" not in {n.key[2] for n in built.graph.nodes}
    source = built.node("changes-change-source", "change_source")
    assert Reference(("changes", "log", ""), "arn") in source.args.values()
    assert built.project.flows[0].places.envelope == "foreign"


def test_exactly_once_has_a_reader_of_its_target() -> None:
    built = build(answers("c08_exactly_once_kafka"))
    assert built.running("stage").process.sends == ("target",)
    assert built.running("consumer").process.reads == ("target",)
    assert built.policies("consumer") == ["ledger_out.read_acls"]
    assert built.policies("producer") == ["ledger_in.write_acls"]
    assert "ledger_transaction.acls" in built.policies("stage")


def test_replay_is_an_operation_with_its_grant() -> None:
    built = build(answers("c09_replay_sns_sqs"))
    assert built.project.flows[0].places.operations == ("replay",)
    assert "orders.replay_policy" in built.policies("operator")
    assert "orders.replay_policy" not in built.policies("billing")


def test_a_reader_has_only_its_own_group() -> None:
    built = build(answers("c04a_event_stream_kafka"))
    assert built.policies("billing") == ["clicks.read_acls", "clicks_billing.group_acls"]


# Providers, order, and what only the stack can say.


def test_the_operator_comes_before_the_brokers() -> None:
    built = build(answers("c04b_event_stream_strimzi"))
    brokers = built.node("main", "brokers")
    assert brokers.opts == {"depends_on": Many((Reference(("", "operator", "main"), ""),))}
    order = [node.logical for node in built.graph.nodes]
    assert order.index("main-operator") < order.index("main") < order.index("clicks")


def test_topics_of_a_serverless_cluster_take_its_provider() -> None:
    built = build(answers("c05b_retry_tiers_msk_serverless"))
    assert built.node("orders", "log").opts == {
        "provider": Reference(("", "brokers", "main"), "provider")
    }
    express = build(answers("c05a_retry_tiers_msk_express"))
    assert express.node("orders", "log").opts == {}


def test_required_values_have_no_default_and_secrets_stay_secret() -> None:
    keys = build(answers("c07_request_reply_rabbitmq")).graph.stack_keys
    assert all(key.required and not key.by_stack for key in keys.values())
    assert {key.key for key in keys.values() if not key.secret} == {"main-endpoint"}
    text = build(answers("c07_request_reply_rabbitmq")).program
    assert 'config.require("main-endpoint")' in text
    assert text.count("config.require_secret(") == 4
    assert (
        'config.require_object("main-subnet-ids")'
        in build(answers("c05b_retry_tiers_msk_serverless")).program
    )


def test_a_place_that_code_fills_has_no_resource() -> None:
    built = build(answers("c07_request_reply_rabbitmq"))
    assert built.running("consumer").process.sends == ("reply",)
    assert {node.slot for node in built.graph.nodes} == {"vhost", "queue", "role"}


# Values of the stacks.


def test_a_value_that_differs_is_a_stack_key_and_an_equal_one_a_literal() -> None:
    data = answers("c11_two_flows")
    assert 'config.require_int("clicks-retention-seconds")' in build(data).program
    data["flows"]["clicks"]["prod"]["retention"] = "24h"
    same = build(data)
    assert "clicks-retention-seconds" not in same.graph.stack_keys
    assert "retention_seconds=86_400" in same.program


def test_a_stack_value_that_is_read_twice_has_one_variable() -> None:
    text = build(answers("c01_fanout_sns_sqs")).program
    assert text.count('config.require_bool("orders-cmk")') == 1
    assert text.count("cmk=orders_cmk") == 4


def test_an_elements_own_value_has_an_elements_key() -> None:
    """Derived ones too: audit retries longer in prod, so its attempts differ, nobody else's."""
    keys = build(answers("c01_fanout_sns_sqs")).graph.stack_keys
    assert "orders-audit-max-receive-count" in keys
    assert "orders-max-receive-count" not in keys


def test_a_choice_of_places_may_not_differ_by_stack() -> None:
    data = answers("c04b_event_stream_strimzi")
    del data["hosts"]["main"]["hosting"]
    data["hosts"]["main"]["prod"] = {"hosting": "strimzi"}
    assert "must be the same on dev and prod" in refused(data)


# Hosts.


def test_a_second_flow_on_a_host_renames_nothing() -> None:
    first = build(answers("c04a_event_stream_kafka"))
    data = answers("c04a_event_stream_kafka")
    data["flows"]["payments"] = {"pattern": "event-stream", "service": "kafka", "on": "main"}
    both = build(data)
    known = {(node.key, node.logical, node.variable) for node in first.graph.nodes}
    assert known <= {(node.key, node.logical, node.variable) for node in both.graph.nodes}
    assert both.program.count("ExistingKafka(") == 1


def test_two_hosts_are_two_clusters() -> None:
    data = answers("c04a_event_stream_kafka")
    data["hosts"]["audit"] = {"service": "kafka"}
    data["flows"]["payments"] = {"pattern": "event-stream", "service": "kafka", "on": "audit"}
    built = build(data)
    assert built.node("audit", "brokers").key == ("", "brokers", "audit")
    assert "audit-bootstrap-servers" in built.graph.stack_keys
    opts = built.node("payments", "log").opts
    assert opts == {"provider": Reference(("", "brokers", "audit"), "provider")}


def test_the_host_that_nobody_wrote_is_called_main() -> None:
    written = build(answers("c04a_event_stream_kafka"))
    data = answers("c04a_event_stream_kafka")
    del data["hosts"], data["flows"]["clicks"]["on"]
    assert build(data).program == written.program


def test_two_services_do_not_share_the_host_that_nobody_wrote() -> None:
    data = answers("c04a_event_stream_kafka")
    del data["hosts"], data["flows"]["clicks"]["on"]
    data["flows"]["quotes"] = {"pattern": "request-reply", "service": "rabbitmq"}
    assert "host main is of kafka and flow quotes of rabbitmq" in refused(data)


def test_a_flow_may_not_have_its_hosts_name() -> None:
    data = answers("c04a_event_stream_kafka")
    data["flows"]["main"] = data["flows"].pop("clicks")
    assert "brokers of host main and flow main" in refused(data)


def stream(*sets: tuple[str, str], **more: Any) -> specs.Spec:
    """What `new` writes for one flow on Kafka, or for the answers that are given."""
    one: dict[str, Any] = {"name": "clicks", "pattern": "event-stream", "service": "kafka"}
    given = more if "flows" in more.get("answers", {}) else {**one, **more}
    return spec_of(Request(**given, sets=sets), catalog())


def test_the_first_flow_writes_its_host() -> None:
    text = specs.write(stream())
    assert '[hosts.main]\nservice = "kafka"\n' in text
    assert text.count('on = "main"') == 1


def test_a_service_without_hosts_writes_none() -> None:
    made = spec_of(Request(name="orders", pattern="fanout", service="sns-sqs"), catalog())
    assert (made.hosts, made.flows[0].on) == ({}, "")


def test_a_setting_of_the_host_is_set_on_the_host() -> None:
    for made in (
        stream(("hosting", "strimzi")),
        stream(answers={"hosting": "strimzi"}),
        stream(environment={"MQSCAFFOLD_SET_HOSTING": "strimzi"}),
    ):
        assert made.hosts["main"].values.both == {"hosting": "strimzi"}
        assert not made.flows[0].values.names()
        assert resolve(made, catalog()).flows[0].places.variants == ("strimzi",)


def test_a_setting_of_the_host_goes_to_the_host_that_the_flow_names() -> None:
    flow = {"pattern": "event-stream", "service": "kafka"}
    data = {
        "name": "shop",
        "hosts": {"eu": {"service": "kafka"}},
        "flows": {"clicks": {**flow, "on": "eu"}, "quotes": flow},
    }
    made = stream(("clicks:hosting", "strimzi"), answers=data)
    assert {name: host.values.both for name, host in made.hosts.items()} == {
        "main": {},
        "eu": {"hosting": "strimzi"},
    }
    assert [one.on for one in made.flows] == ["eu", "main"]


def test_a_setting_of_the_host_has_a_flow_in_its_address_when_there_are_two() -> None:
    flow = {"pattern": "event-stream", "service": "kafka"}
    data = {"name": "shop", "flows": {"clicks": flow, "quotes": flow}}
    with pytest.raises(UserError, match="which flow is hosting of"):
        stream(("hosting", "strimzi"), answers=data)


def test_a_host_that_nobody_wrote_is_not_made_by_a_set() -> None:
    flow = {"pattern": "event-stream", "service": "kafka", "on": "mian"}
    data = {"name": "shop", "hosts": {"main": {"service": "kafka"}}, "flows": {"clicks": flow}}
    with pytest.raises(UserError, match="unknown host 'mian'"):
        stream(("hosting", "strimzi"), answers=data)


@pytest.mark.parametrize("name", ["blob-store", "outbox-table", "inbox-table", "relay", "registry"])
def test_places_and_processes_of_features_are_kept(name: str) -> None:
    data = project_of({"name": "orders", "subscribers": [name]})
    with pytest.raises(UserError, match=f"'{name}' is no valid subscriber name"):
        spec_of(Request(answers=data), catalog())


@pytest.mark.parametrize(
    ("hosts", "flow", "said"),
    [
        ({"main": {"service": "kafka"}}, {"on": "mian"}, "unknown host 'mian'"),
        ({"main": {"service": "msk"}}, {"on": "main"}, "host main is of msk"),
        ({"main": {"service": "kafka"}, "old": {"service": "kafka"}}, {}, "no flow is on host old"),
        ({"main": {"service": "kafka", "sku": "x"}}, {}, "unknown setting of host main 'sku'"),
        ({"main": {"service": "kafka", "partitions": 3}}, {}, "unknown setting of host main"),
        ({"main": {"service": "kafka"}}, {"hosting": "strimzi"}, "is a setting of the host"),
        ({"main": {}}, {}, "`service` is missing"),
        ({"class": {"service": "kafka"}}, {"on": "class"}, "no valid host name"),
    ],
)
def test_a_host_is_checked(hosts: dict[str, Any], flow: dict[str, Any], said: str) -> None:
    data = answers("c04a_event_stream_kafka")
    data["hosts"] = hosts
    del data["flows"]["clicks"]["on"]
    data["flows"]["clicks"].update(flow)
    assert said in refused(data)


def test_flows_that_want_different_hosts_under_one_name_are_refused() -> None:
    """A part of one flow fixes what the other leaves: neither wins without a word."""
    source = catalog().source
    files = {
        **source.files,
        "services/servicebus.toml": {
            **source.files["services/servicebus.toml"],
            "settings": {"ordered": {"sessions": True, "sku": "Premium"}},
        },
    }
    changed = Catalog(Source(files))
    data = answers("c06b_content_router_servicebus")
    data["flows"]["orders"] = {"pattern": "ordered", "service": "servicebus"}
    with pytest.raises(UserError, match="share namespace of host main and want different sku"):
        compose(resolve(specs.read(data, frozenset(["subscribers"])), changed), changed)
    data["hosts"]["main"]["sku"] = "Premium"
    project = resolve(specs.read(data, frozenset(["subscribers"])), changed)
    assert compose(project, changed).nodes


def test_the_programs_are_as_the_formatter_leaves_them() -> None:
    paths = [str(FOLDER / f"{cell}.py") for cell in CELLS]
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "100"]
    done = subprocess.run([*command, "--diff", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def record() -> None:
    """Write what the composer says now; read the difference before it is kept."""
    for cell in CELLS:
        built = build(answers(cell))
        (FOLDER / f"{cell}.py").write_text(built.program, encoding="utf-8")
        (FOLDER / f"{cell}.txt").write_text(built.facts, encoding="utf-8")


if __name__ == "__main__":
    record()
