"""The outcome of one run: as a table for people, as one object for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mqscaffold.sandbox.aws.provider import unproven_inputs
from mqscaffold.sandbox.counting import DeadLetter, Delivery
from mqscaffold.sandbox.deployment import Deployment


@dataclass(frozen=True)
class Step:
    """One phase of the run, with how long it took."""

    name: str
    seconds: float
    detail: str


@dataclass(frozen=True)
class Claim:
    """Something proved (`how`: by what) or not (`how`: why not)."""

    what: str
    how: str


@dataclass(frozen=True)
class Report:
    """Everything `try` found out.  `ok` decides the exit code."""

    project: str
    steps: tuple[Step, ...]
    resources: int
    sent: Mapping[str, int]
    """Messages by flow."""
    deliveries: tuple[Delivery, ...]
    problems: tuple[str, ...]
    proved: tuple[Claim, ...]
    not_proved: tuple[Claim, ...]

    @property
    def ok(self) -> bool:
        """Nothing lost, nothing unexpected, every process ended well."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        deliveries = [
            {**asdict(d), "lost": d.lost, "problems": list(d.problems)} for d in self.deliveries
        ]
        return {
            "project": self.project,
            "ok": self.ok,
            "seconds": round(sum(step.seconds for step in self.steps), 3),
            "steps": [{**asdict(step), "seconds": round(step.seconds, 3)} for step in self.steps],
            "resources": self.resources,
            "sent": dict(self.sent),
            "deliveries": deliveries,
            "problems": list(self.problems),
            "proved": [asdict(claim) for claim in self.proved],
            "not_proved": [asdict(claim) for claim in self.not_proved],
        }

    def lines(self) -> list[str]:
        """The report as it is shown: counts, dead letters, what is proved, what is not."""
        shown: list[str] = []
        if self.deliveries:
            shown += ["", *_counts(self.deliveries, self.sent)]
            shown += _letters(self.deliveries)
        shown += ["", *_claims("proved", "by", self.proved)]
        shown += ["", *_claims("not proved", "why", self.not_proved)]
        shown += ["", *(f"PROBLEM  {problem}" for problem in self.problems)]
        count = len(self.problems)
        shown.append(
            "ok: nothing lost" if self.ok else f"{count} problem{'s' if count > 1 else ''}"
        )
        return shown


def _counts(deliveries: Sequence[Delivery], sent: Mapping[str, int]) -> list[str]:
    rows = [["flow", "consumer", "sent", "handled", "runs", "dead-lettered", "undelivered", "lost"]]
    for d in deliveries:
        unknown = "filtered" if d.filtered else "?"
        lost = str(d.lost) if d.expected is not None else unknown
        rows.append(
            [
                d.flow,
                d.consumer,
                str(sent.get(d.flow, 0)),
                str(d.handled),
                str(d.runs),
                str(len(d.dead)),
                str(d.undelivered),
                lost,
            ]
        )
    return table(rows)


def _letters(deliveries: Sequence[Delivery]) -> list[str]:
    found: dict[tuple[str, str, str], int] = {}
    for delivery in deliveries:
        for letter in delivery.dead:
            key = (delivery.consumer, letter.type, _reason(letter))
            found[key] = found.get(key, 0) + 1
    rows = [[who, type_, f"{number}x", why] for (who, type_, why), number in found.items()]
    return ["", *table([["dead letters of", "type", "", "reason"], *rows])] if rows else []


def _reason(letter: DeadLetter) -> str:
    return letter.reason or "(none: the broker gave up on it)"


def _claims(title: str, how: str, claims: Sequence[Claim]) -> list[str]:
    return table([[title, how], *([claim.what, claim.how] for claim in claims)])


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned columns, the first row underlined.  Numbers stand to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(cell.isdecimal() for cell in column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


# -- what no run here can show.  A limit counts only if the program has such a resource.


@dataclass(frozen=True)
class _Limit:
    what: str
    why: str
    types: tuple[str, ...] = ()
    """The resource types it concerns; none: every program."""


_SNS_BYTES = 262_144

_LIMITS = (
    _Limit("delays between attempts, long polls", "they are cut to nothing, and to 1 s"),
    _Limit("quotas, throttling, latency", "the emulator has none of them"),
    _Limit(
        "the TLS-only statements",
        "on loopback there is no TLS; each call is shown to the policies as a TLS call",
        ("aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy"),
    ),
    _Limit(
        "redrive-allow policies",
        "stored, not enforced by MiniStack",
        ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",),
    ),
    _Limit(
        "the dlq command",
        "try reads the dead letters itself, as the operator",
        ("aws:sqs/queue:Queue",),
    ),
    _Limit(
        "the undelivered queues",
        "MiniStack does not use a subscription's redrive policy",
        ("aws:sns/topicSubscription:TopicSubscription",),
    ),
    _Limit(
        "key policies on delivery",
        "MiniStack does not ask the key when it delivers or receives",
        ("aws:kms/key:Key",),
    ),
    _Limit("who may assume the roles", "the sandbox lets itself in", ("aws:iam/role:Role",)),
    _Limit(
        "that alarms fire",
        "made and checked, but nothing is measured",
        ("aws:cloudwatch/metricAlarm:MetricAlarm",),
    ),
)


def not_proved(deployment: Deployment, extra: Iterable[Claim] = ()) -> tuple[Claim, ...]:
    """What this deployment holds that the sandbox cannot show, from the resources it made."""
    types = {resource.type for resource in deployment.managed}
    claims = [
        Claim(limit.what, limit.why)
        for limit in _LIMITS
        if not limit.types or types.intersection(limit.types)
    ]
    inputs: dict[tuple[str, str], str] = {}
    for resource in deployment.managed:
        for name, why in unproven_inputs(resource.type, resource.inputs).items():
            inputs[(resource.type.rsplit(":", 1)[1], name)] = why
    if any((r.inputs.get("maximumMessageSize") or 0) > _SNS_BYTES for r in deployment.managed):
        claims.append(Claim("messages over 256 KiB", "MiniStack's SNS refuses them"))
    claims += [Claim(f"{type_}.{name}", why) for (type_, name), why in sorted(inputs.items())]
    return (*claims, *extra)
