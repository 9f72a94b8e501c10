"""What a user asked for: who wins, where a setting may stand, and what each mistake says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mqscaffold.catalog.load import load
from mqscaffold.errors import UserError
from mqscaffold.render import Request, plan
from mqscaffold.render.request import Question, spec_of
from mqscaffold.render.resolved import Value
from mqscaffold.render.spec import FlowSpec, Spec

CATALOG = load()
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


def ask_for(*sets: str, **more: Any) -> Request:
    """A fanout called orders, with ``sets`` as --set has them."""
    pairs = tuple((key, value) for key, _, value in (text.partition("=") for text in sets))
    wanted = {"name": "orders", "pattern": "fanout", "service": "sns-sqs", **more}
    return Request(**wanted, sets=pairs)


def flows(**tables: Mapping[str, Any]) -> dict[str, Any]:
    """Answers in the form of mqscaffold.toml; `_` in a flow's name stands for a dash."""
    base = {"pattern": "fanout", "service": "sns-sqs"}
    named = {name.replace("_", "-"): {**base, **table} for name, table in tables.items()}
    return {"name": "shop", "flows": named}


def spec(request: Request) -> Spec:
    return spec_of(request, CATALOG)


def flow(request: Request) -> FlowSpec:
    return spec(request).flows[0]


def value(request: Request, name: str, item: str = "") -> Value:
    (one,) = plan(request, CATALOG).project.flows
    return one.of("subscribers", item)[name]


def refused(request: Request) -> list[str]:
    with pytest.raises(UserError) as caught:
        plan(request, CATALOG)
    lines = caught.value.lines()
    assert len(lines) <= 6
    return lines


class Asked:
    """A person at a terminal, who answers some questions and takes the default of the rest."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.questions: dict[str, Question] = {}

    def __call__(self, question: Question) -> str:
        self.questions[question.name] = question
        return self.answers.get(question.name, question.default)


# Precedence.


SOURCES: dict[str, dict[str, Any]] = {
    "set": {"sets": (("region", "eu-west-1"),)},
    "answers": {"answers": {"region": "eu-west-2"}},
    "environment": {"environment": {"MQSCAFFOLD_SET_REGION": "eu-west-3"}},
    "prompt": {"ask": Asked(region="eu-north-1")},
}


@pytest.mark.parametrize(
    ("sources", "wins"),
    [
        (["set", "answers", "environment", "prompt"], "eu-west-1"),
        (["answers", "environment", "prompt"], "eu-west-2"),
        (["environment", "prompt"], "eu-west-3"),
        (["prompt"], "eu-north-1"),
        ([], "us-east-1"),
    ],
)
def test_who_wins(sources: list[str], wins: str) -> None:
    request = replace(ask_for(), **{k: v for name in sources for k, v in SOURCES[name].items()})
    assert value(request, "region").only == wins
    assert (value(request, "region").level is None) is (not sources)


def test_the_last_of_two_sets_wins() -> None:
    assert value(ask_for("retention=1d", "retention=2d"), "retention").only == 172_800


def test_a_set_for_one_stack_stands_beside_the_answer_for_both() -> None:
    held = value(ask_for("prod/retention=7d", answers={"retention": "2d"}), "retention")
    assert held.by_stack == {"dev": 172_800, "prod": 604_800}


def test_an_elements_own_value_wins_over_the_flows() -> None:
    request = ask_for("retention=1d", "subscribers.billing.retention=2d")
    assert value(request, "retention", "billing").only == 172_800
    assert value(request, "retention", "shipping").only == 86_400


def test_the_environment_is_for_what_the_service_has() -> None:
    environment = {"MQSCAFFOLD_SET_TOPIC": TOPIC, "MQSCAFFOLD_SETTER": "x", "HOME": "/"}
    assert flow(ask_for(environment=environment)).values.both == {"topic": TOPIC}
    request = ask_for("topic=", environment=environment)
    assert flow(request).values.both == {"topic": ""}


def test_the_environment_is_for_every_flow_whose_answers_are_silent() -> None:
    answers = flows(orders={"retention": "1d"}, refunds={"prod": {"retention": "2d"}})
    environment = {"MQSCAFFOLD_SET_RETENTION": "3d", "MQSCAFFOLD_SET_REGION": "eu-west-1"}
    made = spec(Request(answers=answers, environment=environment))
    assert [one.values.both["retention"] for one in made.flows] == ["1d", "3d"]
    assert made.flows[1].values.stacks == {"prod": {"retention": "2d"}}
    assert made.project.both == {"region": "eu-west-1"}


def test_the_environment_does_not_win_over_the_whole_projects_answer() -> None:
    answers = {**flows(orders={}), "project": {"retention": "1d"}}
    made = spec(Request(answers=answers, environment={"MQSCAFFOLD_SET_RETENTION": "3d"}))
    assert made.flows[0].values.both == {}


def test_a_set_for_one_stack_leaves_the_other_to_the_environment() -> None:
    request = ask_for("prod/region=eu-west-1", environment={"MQSCAFFOLD_SET_REGION": "eu-west-3"})
    assert value(request, "region").by_stack == {"dev": "eu-west-3", "prod": "eu-west-1"}


def test_what_is_given_is_not_asked() -> None:
    ask = Asked()
    request = ask_for(
        "events=order.placed",
        answers={"fifo": True},
        environment={"MQSCAFFOLD_SET_REGION": "eu-west-1"},
        ask=ask,
    )
    spec(request)
    assert list(ask.questions) == ["subscribers"]


def test_the_default_that_is_shown_follows_from_what_is_given() -> None:
    ask = Asked()
    assert "fifo" not in flow(ask_for(f"topic={TOPIC}.fifo", ask=ask)).values.both
    assert ask.questions["fifo"].default == "true"
    first, *_ = refused(ask_for(f"topic={TOPIC}.fifo", ask=Asked(fifo="false")))
    assert f"topic = {TOPIC}.fifo, fifo = false: " in first


def test_a_set_for_an_element_that_is_only_named_at_the_prompt() -> None:
    request = ask_for("subscribers.audit.retention=1d", ask=Asked(subscribers="audit"))
    assert flow(request).items["subscribers"]["audit"].both == {"retention": "1d"}


def test_enter_at_every_prompt_writes_what_no_prompt_writes() -> None:
    assert spec(ask_for(ask=Asked())) == spec(ask_for())


def test_prompts_ask_for_a_pattern_and_a_service() -> None:
    ask = Asked(pattern="work-queue", service="sqs")
    made = spec(Request(ask=ask))
    assert made.name == "work-queue-sqs"
    assert ask.questions["service"].choices == tuple(sorted(CATALOG.services))


@pytest.mark.parametrize("service", ["sqs", "kafka"])
def test_nothing_is_asked_of_what_cannot_be(service: str) -> None:
    ask = Asked()
    first, *_ = refused(ask_for(service=service, ask=ask))
    assert "fanout on" in first
    assert ask.questions == {}


def test_a_prompt_refuses_what_a_set_would() -> None:
    ask = Asked()
    spec(ask_for(ask=ask))
    check = ask.questions["region"].check
    assert check is not None
    with pytest.raises(UserError, match="region = here does not look like that"):
        check("here")


# The two forms of answers.


def test_a_flat_answers_file_is_one_flow() -> None:
    answers = {
        "pattern": "work-queue",
        "service": "sqs",
        "name": "jobs",
        "region": "eu-west-1",
        "retention": "1d",
        "prod": {"retention": "2d", "alarms": False},
    }
    made = spec(Request(answers=answers))
    assert made.project.both == {"region": "eu-west-1"}
    assert made.project.stacks == {"prod": {"alarms": False}}
    assert made.flows[0].values.both == {"retention": "1d"}
    assert made.flows[0].values.stacks == {"prod": {"retention": "2d"}}


def test_options_win_over_a_flat_answers_file() -> None:
    answers = {"pattern": "work-queue", "service": "sqs", "name": "jobs"}
    made = spec(ask_for(answers=answers))
    assert (made.name, made.flows[0].pattern, made.flows[0].service) == (
        "orders",
        "fanout",
        "sns-sqs",
    )


def test_features_of_options_and_answers_add_up() -> None:
    request = ask_for(features=("ordered",), answers={"with": ["dead-letter"]})
    assert flow(request).features == ("ordered", "dead-letter")
    assert flow(ask_for(answers={"with": "ordered"})).features == ("ordered",)


def test_answers_with_flows_are_the_whole_project() -> None:
    answers = flows(orders={"retention": "1d"}, refunds={"with": ["ordered"]})
    made = spec(Request(answers=answers))
    assert (made.name, [one.name for one in made.flows]) == ("shop", ["orders", "refunds"])
    assert spec(Request(name="store", answers=answers)).name == "store"


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--pattern", {"pattern": "fanout"}),
        ("--service", {"service": "sqs"}),
        ("--with", {"features": ("ordered",)}),
    ],
)
def test_answers_with_flows_and_an_option_for_one(option: str, given: dict[str, Any]) -> None:
    assert refused(Request(**given, answers=flows(orders={}))) == [
        f"Error: {option} and an answers file with flows both say what to make",
        "  where: --answers",
        f"  try: leave out {option}",
    ]


def test_every_list_is_written_out() -> None:
    assert list(flow(ask_for()).items["subscribers"]) == ["billing", "shipping"]
    assert flow(ask_for(pattern="work-queue", service="sqs")).items == {}


# Addresses.


def test_a_set_says_stack_flow_and_element() -> None:
    request = Request(
        answers=flows(orders={"subscribers": ["billing"]}, refunds={"subscribers": ["billing"]}),
        sets=(
            ("prod/orders:subscribers.billing.retention", "7d"),
            ("refunds:retention", "1d"),
            ("prod/region", "eu-west-1"),
        ),
    )
    orders, refunds = spec(request).flows
    assert orders.items["subscribers"]["billing"].stacks == {"prod": {"retention": "7d"}}
    assert refunds.values.both == {"retention": "1d"}
    assert spec(request).project.stacks == {"prod": {"region": "eu-west-1"}}


@pytest.mark.parametrize("turn", [1, -1])
def test_subscribers_with_their_own_settings_in_any_order(turn: int) -> None:
    sets = ["subscribers=billing,audit", "subscribers.audit.retention=7d", "prod/retention=2d"]
    one = flow(ask_for(*sets[::turn]))
    assert {name: layer.both for name, layer in one.items["subscribers"].items()} == {
        "billing": {},
        "audit": {"retention": "7d"},
    }


def test_a_longer_list_keeps_what_was_set_for_its_elements() -> None:
    answers = {"subscribers": {"billing": {"retention": "1d"}}}
    one = flow(ask_for("subscribers=billing,audit", answers=answers))
    assert one.items["subscribers"]["billing"].both == {"retention": "1d"}


MISTAKES: list[tuple[Request, list[str]]] = [
    (
        ask_for("retenion=1d"),
        [
            "Error: unknown setting 'retenion'",
            "  where: --set retenion",
            "  nearest: retention, dlq_retention, region",
            "  try: mqscaffold show fanout sns-sqs",
        ],
    ),
    (
        ask_for(answers={"retenion": "1d"}),
        [
            "Error: unknown setting 'retenion'",
            "  where: orders:retenion",
            "  nearest: retention, dlq_retention, region",
            "  try: mqscaffold show fanout sns-sqs",
        ],
    ),
    (
        ask_for(environment={"MQSCAFFOLD_SET_RETENION": "1d"}),
        [
            "Error: unknown setting 'retenion'",
            "  where: MQSCAFFOLD_SET_RETENION",
            "  nearest: retention, dlq_retention, region",
        ],
    ),
    (
        ask_for(environment={"MQSCAFFOLD_SET_RETENTION": "15d"}),
        [
            "Error: MQSCAFFOLD_SET_RETENTION = 15d is above the range; allowed: 1m to 14d",
            "  where: MQSCAFFOLD_SET_RETENTION",
            "  nearest: 14d",
        ],
    ),
    (
        ask_for("stage/retention=1d"),
        [
            "Error: 'stage' is no stack",
            "  where: stage/retention",
            "  nearest: dev or prod",
        ],
    ),
    (
        ask_for("order:retention=1d"),
        [
            "Error: unknown flow 'order'",
            "  where: --set order:retention",
            "  nearest: orders",
        ],
    ),
    (
        Request(answers=flows(orders={}, refunds={}), sets=(("prod/retention", "1d"),)),
        [
            "Error: which flow is prod/retention of? there are orders, refunds",
            "  where: --set prod/retention",
            "  nearest: prod/orders:retention, prod/refunds:retention",
        ],
    ),
    (
        ask_for("subscribers.biling.retention=1d"),
        [
            "Error: unknown subscriber 'biling'",
            "  where: --set subscribers.biling.retention",
            "  nearest: billing",
        ],
    ),
    (
        ask_for("subscriber.billing.retention=1d"),
        [
            "Error: unknown list 'subscriber'",
            "  where: --set subscriber.billing.retention",
            "  nearest: subscribers",
        ],
    ),
    (
        ask_for("prod/subscribers.billing.retention=15d"),
        [
            "Error: prod/subscribers.billing.retention = 15d is above the range;"
            " allowed: 1m to 14d",
            "  where: prod/subscribers.billing.retention",
            "  nearest: 14d",
        ],
    ),
    (
        ask_for("prod/subscribers=audit"),
        [
            "Error: subscribers is one list of the flow, on both stacks",
            "  where: --set prod/subscribers",
            "  nearest: subscribers",
        ],
    ),
    (
        ask_for(features=("transaction",)),
        [
            "Error: fanout with transaction on sns-sqs is refused: There are no transactions: of"
            " several messages sent together, some may be stored and some not.",
            "  where: --pattern fanout --service sns-sqs",
            "  nearest: outbox on sns-sqs (planned), fanout on msk (planned), fanout on kafka"
            " (planned), fanout on redpanda (planned)",
            "  try: mqscaffold list --pattern fanout",
        ],
    ),
    (
        ask_for(features=("claim-chek",)),
        [
            "Error: unknown feature 'claim-chek'",
            "  where: [flows.orders]",
            "  nearest: claim-check",
        ],
    ),
    # What contradicts, does nothing or cannot be yet.
    (
        ask_for("fifo=false", pattern="ordered", service="sqs"),
        [
            "Error: ordered on sqs is fifo = true, and fifo = false contradicts it",
            "  where: [flows.orders] fifo",
            "  nearest: fifo=true",
        ],
    ),
    (
        ask_for("on_failure=block"),
        [
            "Error: on_failure has no effect here: it needs fifo",
            "  where: orders:on_failure",
            "  nearest: fifo=true",
            "  try: mqscaffold explain sns-sqs.on_failure",
        ],
    ),
    (
        ask_for("subscribers.billing.filter_scope=body"),
        [
            "Error: filter_scope has no effect here: it needs filter",
            "  where: subscribers.billing.filter_scope",
            "  try: mqscaffold explain sns-sqs.filter_scope",
        ],
    ),
    (
        ask_for("filter={}", pattern="work-queue", service="sqs"),
        [
            "Error: 'filter' does nothing for work-queue on sqs",
            "  where: orders:filter",
            "  try: mqscaffold show work-queue sqs",
        ],
    ),
    (
        ask_for("subscribers=audit", pattern="work-queue", service="sqs"),
        [
            "Error: work-queue on sqs has no subscribers",
            "  where: [flows.orders]",
            "  try: mqscaffold show work-queue sqs",
        ],
    ),
    (
        ask_for("archive=30d"),
        [
            "Error: archive is planned: a topic with an archive cannot be deleted, which needs a"
            " runbook first",
            "  where: --set archive",
            "  try: mqscaffold show fanout sns-sqs",
        ],
    ),
    (
        ask_for(answers={"archive": "30d"}),
        [
            "Error: archive is planned: a topic with an archive cannot be deleted, which needs a"
            " runbook first",
            "  where: orders:archive",
            "  try: mqscaffold show fanout sns-sqs",
        ],
    ),
    # What may not differ between the stacks.
    (
        ask_for("prod/concurrency=5"),
        [
            "Error: concurrency differs between dev and prod, but it is written into files that"
            " both stacks share",
            "  where: orders:concurrency",
            "  try: set it without a stack",
        ],
    ),
    (
        ask_for("prod/subscribers.billing.concurrency=5"),
        [
            "Error: concurrency differs between dev and prod, but it is written into files that"
            " both stacks share",
            "  where: orders:subscribers.billing.concurrency",
            "  try: set it without a stack",
        ],
    ),
    (
        ask_for(f"prod/topic={TOPIC}"),
        [
            "Error: topic must be the same on dev and prod: it decides which resources there are",
            "  where: topic",
            "  try: set it without a stack",
        ],
    ),
    # What may not differ between the elements.
    (
        ask_for("subscribers.billing.fifo=true"),
        [
            "Error: fifo holds for the whole flow, not for one of its subscribers",
            "  where: subscribers.billing.fifo",
            "  nearest: fifo=true",
        ],
    ),
    (
        ask_for("prod/subscribers.billing.region=eu-west-1"),
        [
            "Error: region holds for the whole project, not for one of its subscribers",
            "  where: subscribers.billing.region",
            "  nearest: prod/region=eu-west-1",
        ],
    ),
    (
        Request(answers=flows(orders={"region": "eu-west-1"})),
        [
            "Error: region is a setting of the whole project",
            "  where: [flows.orders]",
            "  nearest: [project] region",
        ],
    ),
    # Names that are taken, or join to one.
    (
        Request(
            answers=flows(
                orders={"subscribers": ["eu-billing"]}, orders_eu={"subscribers": ["billing"]}
            )
        ),
        [
            "Error: subscriber eu-billing of orders and subscriber billing of orders-eu both come"
            " out as the variable orders_eu_billing",
            "  where: mqscaffold.toml",
            "  try: rename one of them",
        ],
    ),
    (
        Request(answers=flows(orders={"subscribers": ["eu"]}, orders_eu={"subscribers": []})),
        [
            "Error: subscriber eu of orders and flow orders-eu both come out as the variable"
            " orders_eu",
            "  where: mqscaffold.toml",
            "  try: rename one of them",
        ],
    ),
    (
        ask_for("subscribers=billing,producer"),
        [
            "Error: 'producer' is no valid subscriber name: the project uses it itself",
            "  where: subscribers",
            "  nearest: my-producer",
        ],
    ),
    (
        ask_for("subscribers=key"),
        [
            "Error: 'key' is no valid subscriber name: the project uses it itself",
            "  where: subscribers",
            "  nearest: my-key",
        ],
    ),
    (
        ask_for(name="alarms"),
        [
            "Error: 'alarms' is no valid flow name: the project uses it itself",
            "  where: NAME",
            "  nearest: my-alarms",
        ],
    ),
    (
        Request(answers=flows(orders={}, alarms={})),
        [
            "Error: 'alarms' is no valid flow name: the project uses it itself",
            "  where: [flows.alarms]",
            "  nearest: my-alarms",
        ],
    ),
    (
        ask_for("subscribers=Billing,shipping"),
        [
            "Error: subscribers = Billing,shipping holds 'Billing'; allowed: names of at most 30"
            " letters, digits and dashes, such as billing,shipping",
            "  where: subscribers",
            "  nearest: billing,shipping",
        ],
    ),
]


@pytest.mark.parametrize(
    ("request_", "lines"), MISTAKES, ids=[lines[0][7:47] for _, lines in MISTAKES]
)
def test_what_a_mistake_says(request_: Request, lines: list[str]) -> None:
    assert refused(request_) == lines


@pytest.mark.parametrize(
    "name", ["blob-store", "outbox-table", "registry", "relay", "stage", "operator", "handlers"]
)
def test_names_of_places_and_processes_are_kept(name: str) -> None:
    """A feature that is added later brings them: no subscriber may have taken one."""
    first, *_ = refused(ask_for(f"subscribers={name}"))
    assert first == f"Error: '{name}' is no valid subscriber name: the project uses it itself"


def test_names_near_the_kept_ones_are_free() -> None:
    wanted = ["keys-of", "blob", "producers", "relays", "eu-operator"]
    assert list(flow(ask_for(f"subscribers={','.join(wanted)}")).items["subscribers"]) == wanted


def test_a_feature_that_is_not_written_yet_is_not_left_out_in_silence() -> None:
    first, *_ = refused(ask_for(features=("claim-check",)))
    assert first.startswith("Error: fanout with claim-check on sns-sqs is planned: ")


def test_a_feature_may_be_a_setting() -> None:
    assert value(ask_for(features=("ordered",)), "fifo").only is True
    assert refused(ask_for("fifo=false", features=("ordered",)))[-1] == "  nearest: fifo=true"
