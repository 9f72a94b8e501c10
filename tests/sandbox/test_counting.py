"""What is sent, what should arrive, and how the account of one consumer is drawn up."""

import json
from pathlib import Path
from typing import Any

import pytest

from mqscaffold.errors import UserError
from mqscaffold.sandbox.counting import (
    DeadLetter,
    Delivery,
    Expected,
    Run,
    expect,
    filter_of,
    gives_in,
    handled_ids,
    letter,
    read_letters,
    read_runs,
)
from mqscaffold.sandbox.deployment import Deployment, Resource
from mqscaffold.sandbox.project import Flow
from mqscaffold.sandbox.report import Claim, Report, Step, not_proved, table
from mqscaffold.sandbox.traffic import POISON_KEY, UNROUTED_TYPE, passes, plan

PLACED = {"type": "order.placed", "key": "o-1", "data": {"order_id": "o-1", "total": 3}}
SHIPPED = {"type": "order.shipped", "key": "o-1", "data": {"order_id": "o-1"}}


def flow(folder: Path, *events: Any) -> Flow:
    paths = tuple(folder / f"{number}.json" for number in range(len(events)))
    for path, event in zip(paths, events, strict=True):
        path.write_text(event if isinstance(event, str) else json.dumps(event), encoding="utf-8")
    return Flow("orders", "ORDERS_TOPIC_ARN", examples=paths)


def test_a_plan_has_one_poison_of_each_type_and_one_rejected(tmp_path: Path) -> None:
    made = plan(flow(tmp_path, PLACED, SHIPPED), 50)
    assert made.total == 50
    assert [(b.type, b.count, b.poison) for b in made.batches] == [
        ("order.placed", 24, False),
        ("order.placed", 1, True),
        ("order.shipped", 23, False),
        ("order.shipped", 1, True),
    ]
    poison = made.batches[1].event
    assert poison == {
        "type": "order.placed",
        "key": POISON_KEY,
        "data": {"order_id": POISON_KEY, "total": 3},
    }


@pytest.mark.parametrize(
    ("events", "count", "message"),
    [
        ((), 50, "no example events"),
        ((PLACED,), 2, "2 messages are too few"),
        (("{",), 50, "cannot read the example event"),
        (("[]",), 50, "needs a type"),
    ],
)
def test_a_flow_that_cannot_be_sent_to(
    tmp_path: Path, events: tuple[Any, ...], count: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        plan(flow(tmp_path, *events), count)


@pytest.mark.parametrize(
    ("policy", "scope", "verdict"),
    [
        (None, "", True),
        ({"ce_type": ["order.placed"]}, "MessageAttributes", True),
        ({"ce_type": ["order.shipped"]}, "MessageAttributes", False),
        ({"ce_type": [{"prefix": "order."}]}, "MessageAttributes", True),
        ({"ce_type": [{"anything-but": ["x"]}]}, "MessageAttributes", None),
        ({"ce_type": [{"anything-but": ["x"]}, "order.placed"]}, "MessageAttributes", True),
        ({"ce_source": ["/orders"]}, "MessageAttributes", None),
        ({"type": ["order.placed"]}, "MessageBody", True),
        ({"type": ["order.placed"]}, "MessageAttributes", None),
        ({"ce_type": ["order.placed"], "region": ["eu"]}, "MessageAttributes", None),
    ],
)
def test_filters_on_the_event_type_are_evaluated(
    policy: Any, scope: str, verdict: bool | None
) -> None:
    assert passes(policy, scope, "order.placed") is verdict


def test_what_a_consumer_should_see(tmp_path: Path) -> None:
    made = plan(flow(tmp_path, PLACED, SHIPPED), 50)
    only = {"ce_type": ["order.placed"]}
    assert expect(made, None, "", gives_in=False) == Expected(handled=47, dead=3)
    assert expect(made, None, "", gives_in=True) == Expected(handled=49, dead=1)
    assert expect(made, only, "MessageAttributes", gives_in=False) == Expected(24, 1)
    assert expect(made, {"x": ["y"]}, "MessageAttributes", gives_in=False) is None


def test_the_filter_is_the_one_of_the_subscription() -> None:
    url, arn = "http://127.0.0.1/1/q", "arn:aws:sqs:r:1:q"
    queue = Resource("u1", "aws:sqs/queue:Queue", "q", "", True, url, outputs={"arn": arn})
    subscription = Resource(
        "u2",
        "aws:sns/topicSubscription:TopicSubscription",
        "s",
        "",
        True,
        inputs={"endpoint": arn, "filterPolicy": '{"ce_type": ["a"]}'},
    )
    made = Deployment("shop", "dev", False, {"u1": queue, "u2": subscription}, {}, (), 0)
    assert filter_of(made, url) == ({"ce_type": ["a"]}, "MessageAttributes")
    assert filter_of(made, "elsewhere") == (None, "")


def test_a_record_is_read_while_it_is_written(tmp_path: Path) -> None:
    record = tmp_path / "billing.jsonl"
    assert read_runs(record) == []
    assert gives_in(record, "billing") is None
    lines = [
        {"started": "orders.consumer", "gives_in": ["billing"]},
        {"id": "1", "attempt": 1, "outcome": "ValueError"},
        {"id": "1", "attempt": 2, "outcome": "handled"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    record.write_text(text + '{"id": "2", "att', encoding="utf-8")
    assert read_runs(record) == [Run("1", 1, "ValueError"), Run("1", 2, "handled")]
    assert handled_ids(read_runs(record)) == {"1"}
    assert gives_in(record, "billing") is True
    assert gives_in(record, "shipping") is False


def delivery(**over: Any) -> Delivery:
    poison = DeadLetter("p", "order.placed", "PoisonError")
    rejected = DeadLetter("r", UNROUTED_TYPE, "InvalidEvent: no handler")
    fields: dict[str, Any] = {
        "flow": "orders",
        "consumer": "billing",
        "expected": Expected(48, 2),
        "handled": 48,
        "runs": 57,
        "dead": (poison, rejected),
        "undelivered": 0,
        "waiting": 0,
        "filtered": False,
    }
    return Delivery(**{**fields, **over})


@pytest.mark.parametrize(
    ("over", "problems"),
    [
        ({}, ()),
        ({"runs": 90}, ()),
        ({"handled": 47}, ("billing: 1 lost",)),
        ({"handled": 49}, ("billing: 49 handled instead of 48",)),
        (
            {"handled": 40, "waiting": 8},
            ("billing: 8 still in the queue",),
        ),
        (
            {"dead": (DeadLetter("p", "order.placed", "PoisonError"),)},
            ("billing: 1 lost", "billing: 1 dead-lettered instead of 2"),
        ),
        (
            {"dead": (DeadLetter("p", "x", ""), DeadLetter("r", "y", "z"))},
            ("billing: a dead letter without a reason",),
        ),
        (
            {"handled": 0, "undelivered": 48},
            ("billing: 48 not delivered to the queue",),
        ),
        ({"expected": None, "handled": 3, "dead": ()}, ()),
        ({"refused": "no"}, ("billing: the operator cannot read the dead letters: no",)),
    ],
)
def test_every_departure_is_a_problem(over: dict[str, Any], problems: tuple[str, ...]) -> None:
    assert delivery(**over).problems == problems


def test_a_dead_letter_has_the_stubs_reason() -> None:
    body = json.dumps({"id": "1", "type": "order.placed"})
    fields = {"mq-error-type": "Reject", "mq-error-message": "nothing to pay"}
    plain = {name: {"StringValue": value} for name, value in fields.items()}
    packed = {"mq-dead-letter": {"StringValue": json.dumps(fields)}}
    told = DeadLetter("1", "order.placed", "Reject: nothing to pay")
    assert letter(body, plain) == letter(body, packed) == told
    assert letter(body, {}) == DeadLetter("1", "order.placed", "")
    assert letter("no JSON", {}) == DeadLetter("", "", "")


class FakeSqs:
    """Hands out each message once, ten at a time, with an empty answer in between."""

    def __init__(self, count: int) -> None:
        self.left = [{"MessageId": str(n), "Body": "{}"} for n in range(count)]
        self.answers = 0

    def receive_message(self, **_: Any) -> dict[str, Any]:
        self.answers += 1
        if self.answers == 2:
            return {}
        given, self.left = self.left[:10], self.left[10:]
        return {"Messages": given} if given else {}


def test_a_dead_letter_queue_is_read_to_its_end() -> None:
    assert len(read_letters(FakeSqs(25), "url")) == 25


def report(*deliveries: Delivery, problems: tuple[str, ...] = ()) -> Report:
    return Report(
        project="shop",
        steps=(Step("deploy", 1.25, "28 resources"),),
        resources=28,
        sent={"orders": 50},
        deliveries=deliveries,
        problems=problems,
        proved=(Claim("the program deploys", "our engine"),),
        not_proved=(Claim("quotas", "the emulator has none"),),
    )


def test_the_report_says_what_was_counted() -> None:
    good = report(delivery(), delivery(consumer="eu", expected=None, filtered=True, dead=()))
    assert (good.ok, good.exit_code) == (True, 0)
    lines = good.lines()
    counted = [line.split() for line in lines if line.startswith("orders")]
    assert counted[0] == ["orders", "billing", "50", "48", "57", "2", "0", "0"]
    assert counted[1][-1] == "filtered"
    assert "billing          order.placed             1x  PoisonError" in lines
    assert lines[-1] == "ok: nothing lost"
    made = json.loads(json.dumps(good.as_json()))
    assert made["ok"] is True
    assert made["deliveries"][0]["lost"] == 0
    assert made["deliveries"][0]["expected"] == {"handled": 48, "dead": 2}
    assert made["not_proved"] == [{"what": "quotas", "how": "the emulator has none"}]


def test_a_report_with_a_problem_fails() -> None:
    bad = report(problems=("billing: 1 lost",))
    assert (bad.ok, bad.exit_code) == (False, 1)
    assert bad.lines()[-2:] == ["PROBLEM  billing: 1 lost", "1 problem"]


def test_what_is_not_proved_follows_from_the_resources() -> None:
    key = Resource("u", "aws:kms/key:Key", "k", "", True, inputs={"multiRegion": True})
    made = Deployment("shop", "dev", False, {"u": key}, {}, (), 0)
    what = [claim.what for claim in not_proved(made, [Claim("extra", "why")])]
    assert "key policies on delivery" in what
    assert "Key.multiRegion" in what
    assert "that alarms fire" not in what
    assert what[-1] == "extra"


def test_a_table_aligns_numbers_to_the_right() -> None:
    assert table([["name", "n"], ["a", "5"], ["bcd", "10"]]) == [
        "name   n",
        "----  --",
        "a      5",
        "bcd   10",
    ]
