"""What becomes of a message: handled, retried, dead-lettered, lost to another consumer."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from messaging import Message, Reject, Retry
from messaging.consumer import retry_delay
from messaging.message import Failure

from .conftest import FakeTime
from .kit import Bench, FlakyQueue, Placed, said


def raises(error: BaseException) -> Any:
    def handler(message: Message[Placed]) -> None:
        raise error

    return handler


def test_a_handled_message_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "messaging")
    bench = Bench()
    bench.put(1)
    bench.step()
    assert bench.seen == [("o-1", 1, 1)]
    assert bench.queue.stored == []
    [fields] = said(caplog, "handled")
    assert (fields["consumer"], fields["type"], fields["key"]) == ("billing", "order.placed", "o-1")
    assert fields["attempt"] == 1


def test_reject_is_dead_lettered_at_once_with_all_its_fields() -> None:
    bench = Bench(handler=raises(Reject("no such customer")))
    bench.put(1)
    bench.step()
    [(message, fields)] = bench.queue.dead
    assert bench.queue.stored == []
    assert json.loads(message.body)["id"] == fields["mq-original-id"]
    assert fields["mq-failed-at"].endswith("+00:00")
    assert fields == {
        "mq-failed-at": fields["mq-failed-at"],
        "mq-error-type": "Reject",
        "mq-error-message": "no such customer",
        "mq-error-where": fields["mq-error-where"],
        "mq-original-destination": "memory",
        "mq-original-id": fields["mq-original-id"],
        "mq-attempts": "1",
        "mq-first-seen": message.first_seen,
        "mq-consumer": "billing",
    }


def test_an_exception_is_retried_and_dead_lettered_at_the_last_attempt() -> None:
    bench = Bench(FlakyQueue(max_attempts=3), handler=raises(ValueError("card 4111")))
    bench.put(1)
    bench.step()
    bench.later()
    assert bench.queue.dead == []
    bench.later()
    assert [attempt for _, _, attempt in bench.seen] == [1, 2, 3]
    [(_, fields)] = bench.queue.dead
    assert (fields["mq-error-type"], fields["mq-attempts"]) == ("ValueError", "3")
    assert bench.queue.stored == []


@pytest.mark.parametrize(("choice", "text"), [("", ""), ("text", "card 4111")])
def test_the_text_of_an_exception_is_told_only_when_asked_for(
    choice: str, text: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MESSAGING_LOG_ERRORS", choice)
    bench = Bench(FlakyQueue(max_attempts=1), handler=raises(ValueError("card 4111")))
    bench.put(1)
    bench.step()
    assert bench.queue.dead[0][1]["mq-error-message"] == text
    [fields] = said(caplog, "dead-lettered")
    assert (fields["error"], fields["reason"]) == ("ValueError", text)
    # The whole way there: the runtime's two calls, this test's bench, and its handler.
    assert re.fullmatch(
        r"(consumer\.py:\d+ > ){2}kit\.py:\d+ > test_consumer\.py:\d+", fields["where"]
    )
    assert bench.queue.dead[0][1]["mq-error-where"] == fields["where"]


def test_a_reason_is_cut_to_a_kilobyte() -> None:
    bench = Bench(handler=raises(Reject("x" * 5000)))
    bench.put(1)
    bench.step()
    assert bench.queue.dead[0][1]["mq-error-message"] == "x" * 1024


def test_back_off_doubles_from_five_seconds_to_fifteen_minutes() -> None:
    assert [retry_delay(n, 1.0) for n in (1, 2, 3, 8, 9, 900)] == [5, 10, 20, 640, 900, 900]
    assert [retry_delay(n, 0.0) for n in (1, 2, 9)] == [2.5, 5, 450]


def test_nine_receives_are_ten_to_twenty_one_minutes() -> None:
    assert sum(retry_delay(n, 0.0) for n in range(1, 9)) == pytest.approx(637.5)
    assert sum(retry_delay(n, 1.0) for n in range(1, 9)) == pytest.approx(1275)


def test_the_delay_follows_the_brokers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 1.0)
    bench = Bench(handler=raises(ValueError()))
    bench.put(1)
    bench.step()
    bench.later()
    delays = [about[1] for call, about in bench.queue.calls if call == "nack"]
    assert delays == [5, 10]


def test_retry_after_is_kept_and_uses_up_an_attempt() -> None:
    bench = Bench(FlakyQueue(max_attempts=2), handler=raises(Retry("busy", after=600)))
    bench.put(1)
    bench.step()
    bench.later()
    assert bench.queue.now == 600
    [(_, fields)] = bench.queue.dead
    assert (fields["mq-error-type"], fields["mq-error-message"]) == ("Retry", "busy")


def test_retry_after_more_than_sqs_can_hide_is_cut() -> None:
    bench = Bench(handler=raises(Retry(after=1_000_000)))
    bench.put(1)
    bench.step()
    assert bench.queue.stored[0].visible_at == 39_600


def test_block_never_gives_up_on_a_failure_but_on_a_reject() -> None:
    bench = Bench(FlakyQueue(max_attempts=2), handler=raises(ValueError()), on_failure="block")
    bench.put(1)
    bench.step()
    for _ in range(4):
        bench.later()
    assert len(bench.seen) == 5
    assert bench.queue.dead == []
    bench.handler = raises(Reject("never"))
    bench.later()
    assert len(bench.queue.dead) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no json", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("{}", "specversion"),
        ('{"specversion": "9.9"}', "specversion"),
        ('{"specversion": "1.0"}', "id"),
        ('{"specversion": "1.0", "id": "", "type": "t", "source": "/s"}', "id"),
        ('{"specversion": "1.0", "id": "1", "type": 5, "source": "/s"}', "type"),
        ('{"specversion": "1.0", "id": "1", "type": "t", "source": "/s", "time": "late"}', "time"),
        ('{"specversion": "1.0", "id": "1", "type": "t", "source": "/s"}', "no handler"),
        (
            '{"specversion": "1.0", "id": "1", "type": "order.placed", "source": "/s", "data": {}}',
            "data.order is missing",
        ),
        (
            '{"specversion": "1.0", "id": "1", "type": "t", "source": "/s",'
            ' "datacontenttype": "text/xml"}',
            "datacontenttype",
        ),
        ("[" * 100_000, "not a JSON object"),
        ('{"Type": "Notification", "Message": "x"}', "not a JSON object"),
    ],
)
def test_what_is_no_event_of_ours_is_dead_lettered_after_one_attempt(
    body: str, reason: str
) -> None:
    bench = Bench()
    bench.queue.put(body, {})
    bench.step()
    assert bench.seen == []
    [(_, fields)] = bench.queue.dead
    assert fields["mq-error-type"] == "InvalidEvent"
    assert reason in fields["mq-error-message"]
    assert fields["mq-attempts"] == "1"


def test_an_unknown_field_is_ignored() -> None:
    bench = Bench()
    event = {"specversion": "1.0", "id": "1", "type": "order.placed", "source": "/s", "new": 1}
    bench.queue.put(json.dumps({**event, "data": {"order": "o-2", "colour": "red"}}), {})
    bench.step()
    assert bench.seen == [("o-2", 0, 1)]


def test_a_dead_letter_is_stored_before_the_message_is_acknowledged() -> None:
    bench = Bench(handler=raises(Reject("no")))
    bench.put(1)
    bench.step()
    assert [call for call, _ in bench.queue.calls] == ["receive", "dead_letter", "ack"]


def test_a_message_whose_dead_letter_is_refused_stays(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(handler=raises(Reject("no")))
    bench.queue.broken = {"dead_letter"}
    bench.put(1)
    bench.step()
    assert len(bench.queue.stored) == 1
    assert "ack" not in [call for call, _ in bench.queue.calls]
    assert said(caplog, "dead-letter refused")[0]["error"] == "ConnectionError"
    bench.queue.broken = set()
    bench.later()
    assert len(bench.queue.dead) == 1


def test_a_systemexit_in_a_handler_is_a_failure_like_others() -> None:
    bench = Bench(handler=raises(SystemExit(3)))
    bench.put(1)
    bench.step()
    bench.later()
    assert len(bench.seen) == 2


def test_it_receives_only_for_free_handlers() -> None:
    bench = Bench(concurrency=15)
    bench.put(*range(30))
    bench.worker.poll()
    bench.worker.poll()
    assert bench.worker.poll() == 0
    bench.worker.work()
    bench.worker.poll()
    limits = [about for call, about in bench.queue.calls if call == "receive"]
    assert limits == [15, 5, 1]
    assert len(bench.worker._held) == 15


def test_what_finishes_together_is_acknowledged_in_one_call() -> None:
    bench = Bench()
    bench.put(1, 2, 3)
    bench.worker.poll()
    bench.worker._settling.acquire()  # as if another thread's acknowledgement were on its way
    bench.handle()
    assert len(bench.worker._held) == 3
    bench.worker._settling.release()
    bench.put(4)
    bench.step()
    assert [len(about) for call, about in bench.queue.calls if call == "ack"] == [4]
    assert bench.queue.stored == []


def test_an_acknowledgement_that_fails_for_a_moment_is_made_again(fake_time: FakeTime) -> None:
    bench = Bench()
    bench.put(1, 2)
    bench.queue.failures["ack"] = [Failure("InternalError", again=True)]
    bench.step()
    assert bench.queue.stored == []
    assert len(fake_time.slept) == 1


def test_an_acknowledgement_refused_for_good_is_a_lost_lease(
    fake_time: FakeTime, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    bench.put(1)
    bench.queue.failures["ack"] = [Failure("ReceiptHandleIsInvalid", again=False)]
    bench.step()
    assert fake_time.slept == []
    assert "ReceiptHandleIsInvalid" in said(caplog, "lease lost")[0]["why"]
    assert bench.worker._held == {}
    assert "nack" not in [call for call, _ in bench.queue.calls]


def test_an_acknowledgement_that_keeps_failing_is_given_up(fake_time: FakeTime) -> None:
    bench = Bench()
    bench.put(1)
    bench.queue.broken = {"ack"}
    bench.step()
    assert fake_time.now - 1000 < 6
    assert bench.worker._held == {}
    bench.queue.broken = set()
    bench.queue.now += 61
    bench.step()
    assert [attempt for _, _, attempt in bench.seen] == [1, 2]
