"""What wakes a person up, what it means, and the command that comes next."""

from __future__ import annotations

from mqscaffold.records import dataclass
from mqscaffold.render.context import Consumer, Flow, Project, Stack
from mqscaffold.render.facts import duration

__all__ = [
    "Alarm",
    "age_threshold",
    "alarms",
    "chosen",
    "dlq_command",
    "operators",
    "unheard_stacks",
]

# SQS refuses more messages in flight than this; the alarm comes at 90 %, on FIFO queues too.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/avoid-backlog-with-the-same-message-group-id.html
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


def chosen(project: Project, setting: str) -> str | None:
    """The value that the team chose for a setting of the project, as it is shown; else None."""
    rows = (row for row in project.settings if row.address == setting)
    return next((row.value for row in rows if row.origin == "chosen"), None)


def operators(project: Project) -> list[str]:
    """The identities of the people on call, by their names in the Pulumi program."""
    return [flow.role_name("operator") for flow in project.flows if flow.consumers]


def unheard_stacks(project: Project) -> list[Stack]:
    """The stacks whose alarms go to a topic of their own, which nobody is subscribed to."""
    value = chosen(project, "alarm_topic") or ""
    if value.startswith("arn:"):  # the same for every stack
        return []
    own = {"alarm-topic", f"{project.name}:alarm-topic"}
    return [
        stack
        for stack in project.stacks
        if stack.alarms and not any(item.key in own and item.value for item in stack.config)
    ]


def age_threshold(flow: Flow, consumer: Consumer) -> int:
    """Seconds that the oldest message may wait before somebody is told: five minutes more than
    is normal. On FIFO the pauses between attempts are normal, up to an hour in all.
    """
    seconds = 300 + consumer.delay_seconds
    return min(seconds + consumer.retry_max_seconds, 3_600) if flow.fifo else seconds


def _minutes(seconds: int) -> str:
    return f"about {round(seconds / 60)} min" if seconds % 60 else duration(seconds)


def alarms(project: Project, flow: Flow) -> tuple[Alarm, ...]:
    """The alarms of a flow, by the names of the Pulumi program; none when no stack has any."""
    if not any(stack.alarms for stack in project.stacks):
        return ()
    rows = [row for consumer in flow.consumers for row in _queue_alarms(project, flow, consumer)]
    if flow.topic is not None and flow.topic.reference is None:
        theirs = "the messages are in its undelivered queue"
        if not flow.consumers:
            theirs += ", if its owner made one"
        rows += [
            Alarm(
                f"{flow.name}-failed",
                "SNS could not deliver to a subscriber",
                f"mend the queue's policy or key; {theirs}",
            ),
            Alarm(
                f"{flow.name}-lost",
                "SNS could not even use an undelivered queue: messages are lost",
                "mend that queue's policy or key, then publish them again",
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
    read = "read the consumer's log"
    rows = [
        Alarm(
            f"{name}-dlq-depth",
            "messages were given up on, or killed their consumer again and again",
            _send_back(project, flow, consumer, "mend what failed"),
        ),
        Alarm(
            f"{name}-age",
            f"the oldest message waits longer than {_minutes(age_threshold(flow, consumer))}"
            + (": a key may be blocked" if flow.fifo else ""),
            f"{read} for the key; start more consumers if none fails"
            if flow.fifo
            else f"{read}; start more consumers",
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
                _send_back(
                    project, flow, consumer, "mend the queue's policy or key", " --undelivered"
                ),
            )
        )
        if consumer.filter is not None:
            rows.append(
                Alarm(
                    f"{name}-unreadable",
                    "a filter of the topic could not read a message, so its subscriber did not"
                    " get it",
                    "look for a producer that does not send CloudEvents",
                )
            )
    return rows


def _send_back(project: Project, flow: Flow, consumer: Consumer, mend: str, which: str = "") -> str:
    """From the first look at messages that failed to their way back or their end."""
    if not project.code:
        return f"look at the messages in SQS, {mend}, then send them back to the queue"
    peek, dry, one, purge = (
        f"`{dlq_command(flow, consumer, action + which)}`"
        for action in (
            "peek --max 5",
            "redrive --limit 1 --dry-run",
            "redrive --limit 1",
            "purge --yes",
        )
    )
    if which:
        return f"{peek}, {mend}, {one}, then the rest"
    return f"{peek}, {mend}, {dry}, {one}, then the rest; or {purge}"
