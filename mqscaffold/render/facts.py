"""What follows from a project's values, in the words of those who operate it.

Every figure is computed from the values that the program and the stubs are given; none is written
down twice.
"""

from __future__ import annotations

from mqscaffold.records import dataclass
from mqscaffold.render.context import Consumer, Flow, Project

__all__ = [
    "Number",
    "Process",
    "behaviour",
    "diagram",
    "duration",
    "not_guaranteed",
    "not_proven",
    "processes",
    "size",
]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True)
class Number:
    """One derived number: what it is called, the value in words, what to know about it."""

    label: str
    value: str
    why: str


@dataclass(frozen=True)
class Process:
    """Something that runs.

    Attributes:
        name: `producer`, the consumer's name, or `operator`.
        arguments: those of `python -m`.
        identity: its role or policy in the Pulumi program.
        may: what that one allows.
    """

    name: str
    arguments: str
    identity: str
    may: str


def duration(seconds: int) -> str:
    """`60` is `60 s`, `300` is `5 min`, `345600` is `4 d`; the largest unit that divides evenly.

    One minute, hour or day is said in the next smaller unit, as in the settings' documentation.
    """
    for length, unit in _UNITS:
        if seconds > length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _horizon(low: int, high: int) -> str:
    """`637`, `1275` is `10 to 21 min`: rounded down, for a dependency must be back before."""
    for length, unit in _UNITS:
        if low >= length:
            return f"{low // length} to {high // length} {unit}"
    return f"{low} to {high} s"


def size(count: int) -> str:
    """`262144` is `256 KiB`."""
    for length, unit in ((1_048_576, "MiB"), (1_024, "KiB")):
        if count >= length and count % length == 0:
            return f"{count // length} {unit}"
    return f"{count} bytes"


def _each(flow: Flow, values: list[str]) -> str:
    """One value when all consumers have it, else one for each."""
    if len(set(values)) == 1:
        return values[0]
    pairs = zip(flow.consumers, values, strict=True)
    return "; ".join(f"{consumer.name}: {value}" for consumer, value in pairs)


def behaviour(flow: Flow, *, code: bool) -> tuple[Number, ...]:
    """The numbers of the README's "How it behaves"."""
    numbers = [*_consuming(flow, code)] if flow.consumers else []
    checked = "checked before it is sent" if code else "the service refuses more"
    numbers.append(
        Number(
            "Largest message",
            size(flow.max_message_bytes),
            f"envelope and attributes included; {checked}",
        )
    )
    numbers += _promises(flow, code)
    return tuple(numbers)


def _consuming(flow: Flow, code: bool) -> list[Number]:
    consumers = flow.consumers
    numbers = [_retries(flow, code)]
    numbers.append(
        Number(
            "After a crash",
            _each(flow, [duration(c.visibility_timeout_seconds) for c in consumers]),
            "an unfinished message goes to another consumer after this"
            + ("; a live consumer keeps extending it" if code else " (visibility timeout)"),
        )
    )
    if code:
        at_once = _each(flow, [str(c.concurrency) for c in consumers])
        numbers += [
            Number(
                "Longest handler",
                _each(flow, [duration(c.max_handler_seconds) for c in consumers]),
                "after this the message is left to another consumer;"
                " when all handlers are stuck, the process exits with 1",
            ),
            Number("At once", at_once, "handlers in one process; start more processes to scale"),
            Number(
                "Graceful shutdown",
                duration(flow.grace_seconds),
                "on SIGTERM running handlers finish; what has not begun is given back;"
                " let the platform wait 30 s before it kills (`docker stop` needs `-t 30`)",
            ),
        ]
    numbers += [
        Number(
            "Kept in the queue",
            _each(flow, [duration(c.retention_seconds) for c in consumers]),
            "then SQS deletes a message, whether it was tried or not",
        ),
        Number(
            "Kept in the dead-letter queue",
            _each(flow, [duration(c.dlq_retention_seconds) for c in consumers]),
            "then deleted by SQS: look at it before",
        ),
    ]
    return numbers


def _retries(flow: Flow, code: bool) -> Number:
    if not code:
        return Number(
            "Tried",
            _each(flow, [f"{c.max_receive_count} receives" for c in flow.consumers]),
            "then SQS moves the message to the dead-letter queue",
        )
    blocking = [c for c in flow.consumers if c.on_failure == "block"]
    values = [
        "until it succeeds"
        if c in blocking
        else f"{_horizon(c.retry_min_seconds, c.retry_max_seconds)}, {c.max_receive_count} attempts"
        for c in flow.consumers
    ]
    why = "then it is dead-lettered with the reason; `raise Reject` does so at once"
    if len(blocking) == len(flow.consumers):
        why = "meanwhile all later messages of its key wait; `raise Reject` ends it"
    elif blocking:
        why += "; where it is retried until it succeeds, later messages of its key wait"
    return Number("Retried", _each(flow, values), why)


def _promises(flow: Flow, code: bool) -> list[Number]:
    order = Number("Order", "none", "messages overtake each other, more so when retried")
    if flow.fifo:
        passes = any(c.on_failure == "dead-letter" for c in flow.consumers)
        tells = code and flow.producer is not None
        order = Number(
            "Order",
            "by key",
            "messages of one key one at a time, as sent; keys side by side"
            + ("; after a dead letter the next of its key goes on" if passes else "")
            + ("; after a failure the producer holds a key until it has told you" if tells else ""),
        )
    again = "at least once: a subscriber can get one event twice"
    if flow.consumers:
        identifier = "`message.id`" if code else "`id` in the event"
        again = (
            "at least once: after a crash, a lost acknowledgement or a redrive a handler runs"
            f" again with the same {identifier}"
        )
    if flow.fifo:
        again += "; an id sent again within 5 min is dropped"
    return [
        order,
        Number("Duplicates", "yes", again),
        Number("Lost", "in these cases", _lost(flow, code)),
    ]


def _lost(flow: Flow, code: bool) -> str:
    cases: list[str] = []
    if flow.producer is not None and code:
        cases.append("a program ends before it has flushed, or goes on after `Undelivered`")
    elif flow.producer is not None:
        cases.append("a program does not send again what the service did not accept")
    if flow.topic is not None:
        cases.append("nobody subscribed when it was published")
    if any(consumer.filter is not None for consumer in flow.consumers):
        cases.append("the filter did not match, or could not read it")
    if flow.topic is not None:
        cases.append(
            "SNS could deliver neither to the queue nor to the undelivered queue"
            if flow.consumers
            else "SNS could not deliver to a subscriber that keeps no undelivered queue"
        )
    if flow.consumers:
        cases.append("a message became too old before it was handled")
        cases.append("a queue was purged")
    return "; ".join(cases)


def processes(project: Project, flow: Flow) -> tuple[Process, ...]:
    """What runs, under which identity."""
    rows: list[Process] = []
    if flow.producer is not None:
        verb = "publish to the topic" if flow.producer.kind == "sns" else "send to the queue"
        rows.append(
            Process("producer", f"{flow.package}.producer", flow.role_name("producer"), verb)
        )
    for consumer in flow.consumers:
        argument = "" if flow.topic is None else f" {consumer.name}"
        rows.append(
            Process(
                consumer.name,
                f"{flow.package}.consumer{argument}",
                flow.role_name(consumer.name),
                "receive and delete from its queue, send to its own dead-letter queue",
            )
        )
    if flow.consumers:
        rows.append(
            Process(
                "operator",
                f"{flow.package}.dlq",
                flow.role_name("operator"),
                f"look into dead-letter {'and undelivered ' if flow.topic else ''}queues,"
                " send back and purge what is there",
            )
        )
    return tuple(rows)


def diagram(flow: Flow, *, code: bool) -> str:
    """The body of a Mermaid flowchart, no line end after the last line."""
    prefix = flow.package
    source = "producer" if flow.producer is not None else "published elsewhere"
    lines: list[str] = []
    if flow.topic is None:
        for consumer in flow.consumers:
            lines.append(f'{prefix}_producer(["{source}"]) --> {_queue(flow, consumer, code)}')
            lines.append(_dead(flow, consumer))
        return _flowchart(lines)
    lines.append(f'{prefix}_producer(["{source}"]) --> {prefix}_topic[["{flow.name}, SNS topic"]]')
    for consumer in flow.consumers:
        arrow = "-->" if consumer.filter is None else '-- "filtered" -->'
        lines.append(f"{prefix}_topic {arrow} {_queue(flow, consumer, code)}")
        lines.append(_dead(flow, consumer))
        name = f"{prefix}_{consumer.module}"
        shown = f"{flow.logical_name(consumer)}-undelivered"
        lines.append(f'{prefix}_topic -. "cannot deliver" .-> {name}_undelivered[("{shown}")]')
    if not flow.consumers:
        lines.append(f'{prefix}_topic --> {prefix}_others(["subscribers elsewhere"])')
    return _flowchart(lines)


def _flowchart(lines: list[str]) -> str:
    return "\n".join(["flowchart LR", *(f"    {line}" for line in lines)])


def _queue(flow: Flow, consumer: Consumer, code: bool) -> str:
    name = f"{flow.package}_{consumer.module}"
    handler = f"handlers/{consumer.module}.py" if code else "your consumer"
    return f'{name}_queue[("{flow.logical_name(consumer)}")] --> {name}_handler(["{handler}"])'


def _dead(flow: Flow, consumer: Consumer) -> str:
    name = f"{flow.package}_{consumer.module}"
    return f'{name}_queue -. "given up" .-> {name}_dlq[("{flow.logical_name(consumer)}-dlq")]'


def not_guaranteed(project: Project) -> tuple[str, ...]:
    """What no reader should take for granted, one sentence each."""
    identifier = "`message.id`" if project.code else "the event's `id`"
    rows = [f"Exactly once: make what a handler does safe to repeat, by {identifier}."]
    if not any(flow.consumers for flow in project.flows):
        rows = ["Exactly once: subscribers must be ready for the same event again."]
    if any(not flow.fifo for flow in project.flows):
        names = _names(project, [flow for flow in project.flows if not flow.fifo])
        rows.append(f"Order{names}: two messages can be handled in either order.")
    if any(flow.fifo and flow.consumers for flow in project.flows):
        rows.append("Order across keys, and the place of a message that comes from a redrive.")
        rows.append("Speed within one key: the producer has one event of it on its way at a time.")
        rows.append(
            "A run for each attempt, where there is order: attempts are SQS's receives, so a"
            " message that waits behind a failing one of its key may have used one without running."
        )
    if any(flow.topic is not None for flow in project.flows):
        rows.append("History: a new subscriber gets what is published after it is there.")
    if any(consumer.filter for flow in project.flows for consumer in flow.consumers):
        rows.append("A changed filter holds at once: SNS may take 15 minutes.")
    return tuple(rows)


def _names(project: Project, flows: list[Flow]) -> str:
    if len(flows) == len(project.flows):
        return ""
    return " in " + ", ".join(flow.name for flow in flows)


def not_proven(project: Project) -> tuple[str, ...]:
    """What `mqscaffold try` cannot show, one sentence each."""
    rows = [
        "AWS quotas, throttling and throughput.",
        "Customer keys: the local services do not enforce key policies.",
        "Your network, VPC endpoints and service control policies.",
    ]
    flows = project.flows
    if any(flow.consumers for flow in flows):
        rows.append("Which queues may use a dead-letter queue (redrive allow policy).")
    if any(flow.topic is not None and flow.consumers for flow in flows):
        rows.append("Hand-over to the `undelivered` queues.")
    if any(flow.topic is not None and flow.topic.reference is not None for flow in flows):
        rows.append("The existing topic: a local one stands in for it.")
    return (*rows, *project.not_proven)
