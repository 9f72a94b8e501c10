"""What wakes a person up, what it means, and the command that comes next."""

from __future__ import annotations

from dataclasses import dataclass

from mqscaffold.render.context import Consumer, Flow, Project
from mqscaffold.render.facts import duration

__all__ = ["Alarm", "alarms", "dlq_command"]

# SQS refuses more messages in flight than this; the alarm comes at 90 %.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
IN_FLIGHT_ALARM = 108_000


@dataclass(frozen=True)
class Alarm:
    """An alarm, what it means, and the command or change that comes next."""

    name: str
    meaning: str
    action: str


def dlq_command(flow: Flow, consumer: Consumer, action: str) -> str:
    """The command line of `dlq.py`; a flow with one consumer need not name it."""
    words = ["python -m", f"{flow.package}.dlq", action.split(" ", 1)[0]]
    if flow.topic is not None:
        words.append(consumer.name)
    return " ".join([*words, *action.split(" ")[1:]])


def alarms(project: Project, flow: Flow) -> tuple[Alarm, ...]:
    """The alarms of a flow, by the names of the Pulumi program; none when no stack has any."""
    if not any(stack.alarms for stack in project.stacks):
        return ()
    rows = [row for consumer in flow.consumers for row in _queue_alarms(project, flow, consumer)]
    if flow.topic is not None and flow.topic.reference is None:
        rows += [
            Alarm(
                f"{flow.name}-failed",
                "SNS could not deliver to a subscriber",
                "mend the queue's policy or key; the messages are in its undelivered queue",
            ),
            Alarm(
                f"{flow.name}-lost",
                "SNS could not even use an undelivered queue: messages are lost",
                "mend that queue's policy or key, then publish them again",
            ),
            Alarm(
                f"{flow.name}-bad-attributes, {flow.name}-bad-body",
                "a filter could not read a message, so its subscriber did not get it",
                "look for a producer that does not send CloudEvents",
            ),
        ]
    return _grouped(rows)


def _grouped(rows: list[Alarm]) -> tuple[Alarm, ...]:
    """One row for alarms that mean the same and ask for the same."""
    names: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        names.setdefault((row.meaning, row.action), []).append(row.name)
    return tuple(Alarm(", ".join(same), *rest) for rest, same in names.items())


def _queue_alarms(project: Project, flow: Flow, consumer: Consumer) -> list[Alarm]:
    name = flow.logical_name(consumer)
    look = "look at the messages in SQS, mend, then start a redrive there"
    if project.code:
        first, then = "peek --max 5", "redrive --dry-run"
        look = (
            f"`{dlq_command(flow, consumer, first)}`, mend,"
            f" then `{dlq_command(flow, consumer, then)}`"
        )
    blocked = consumer.on_failure == "block"
    rows = [
        Alarm(
            f"{name}-dlq-depth",
            "messages were given up on, or killed their consumer again and again",
            look,
        ),
        Alarm(
            f"{name}-age",
            f"the oldest message waits longer than {duration(300 + consumer.delay_seconds)}",
            "read the consumer's log"
            + (" for the key that is blocked" if blocked else "; start more consumers"),
        ),
        Alarm(
            f"{name}-in-flight",
            f"over {IN_FLIGHT_ALARM:,} messages are taken and unfinished; at 120,000 SQS stops",
            "handlers hang: restart the consumers",
        ),
    ]
    if consumer.undelivered_variable is not None:
        rows.append(
            Alarm(
                f"{name}-undelivered-depth",
                "SNS gave up on handing messages to this queue",
                "mend the queue's policy or key, then move the messages to the queue",
            )
        )
    return rows
