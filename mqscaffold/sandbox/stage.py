"""The parts of one run: what is there before the program, the program, its processes, the count."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]  # its stubs are not a dependency
from botocore.exceptions import ClientError

from mqscaffold.errors import UserError
from mqscaffold.sandbox import counting, identities, traffic
from mqscaffold.sandbox.aws.kind import Aws
from mqscaffold.sandbox.aws.provider import AwsProvider
from mqscaffold.sandbox.deployment import Deployment
from mqscaffold.sandbox.engine import StackSettings, run
from mqscaffold.sandbox.identities import Identity
from mqscaffold.sandbox.ministack import MiniStack
from mqscaffold.sandbox.process import CHILDREN, Child, Family
from mqscaffold.sandbox.project import Flow, Process, TryInput
from mqscaffold.sandbox.stack_config import StackConfig

POLL_SECONDS = 0.2
QUIET_SECONDS = 3.0
"""A consumer whose filter hides what should arrive is taken to be done after this long a lull."""
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_ARN = "arn:"


@dataclass(frozen=True)
class Stage:
    """A running sandbox: everything a step needs."""

    request: TryInput
    config: StackConfig
    ministack: MiniStack
    python: str
    env: Mapping[str, str]
    family: Family
    root: Identity
    aws: Aws

    @property
    def region(self) -> str:
        return self.aws.region

    def session(self, identity: Identity) -> Any:
        """A boto3 session of one identity."""
        return boto3.Session(
            identity.access_key,
            identity.secret_key,
            identity.token or None,
            region_name=self.region,
        )


def account_of(request: TryInput, config: StackConfig) -> str:
    """The number of the account to pretend to be: the one the stack insists on, or the owner of an
    existing topic.  Empty: any will do."""
    allowed = config.values.get("aws:allowedAccountIds")
    if allowed:
        ids = json.loads(allowed)
        return str(ids[0]) if ids else ""
    arns = [f.existing_topic for f in request.flows if f.existing_topic.startswith(_ARN)]
    return arns[0].split(":")[4] if arns else ""


# -- before the program


def existing_topics(stage: Stage) -> tuple[dict[str, str], StackSettings]:
    """Makes the topics that the program expects to find.

    Returns:
        The ARN of each flow's topic, by flow, and the settings that lead the program to them.
    """
    request, config = stage.request, stage.config
    references = {name: dict(outputs) for name, outputs in request.references.items()}
    arns: dict[str, str] = {}
    for name, value in request.parameters.items():
        stage.aws.client("ssm").put_parameter(Name=name, Value=value, Type="String")
    for flow in request.flows:
        if not flow.existing_topic:
            continue
        arn = _make_topic(stage, flow)
        arns[flow.name] = arn
        kind, _, place = flow.existing_topic.partition(":")
        if kind == "ssm":
            stage.aws.client("ssm").put_parameter(Name=place, Value=arn, Type="String")
        elif kind == "stack":
            stack, _, output = place.partition("#")
            references.setdefault(stack, {})[output] = arn
    settings = StackSettings(
        config.project, config.stack, config.values, config.secret_keys, references
    )
    return arns, settings


def _make_topic(stage: Stage, flow: Flow) -> str:
    reference = flow.existing_topic
    if reference.startswith(_ARN):
        region, name = reference.split(":")[3], reference.rsplit(":", 1)[1]
    else:
        region, name = stage.region, f"{flow.name}-existing{'.fifo' if flow.fifo else ''}"
    root = (stage.root.access_key, stage.root.secret_key)
    owner = Aws(stage.aws.endpoint, region, credentials=root)
    attributes = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    return owner.client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"]


# -- the program


def deploy(stage: Stage, settings: StackSettings, *, preview: bool) -> Deployment:
    """Previews or creates the project's unmodified program.  Raises DeploymentError."""
    root = (stage.root.access_key, stage.root.secret_key)
    return run(
        stage.request.infra / "__main__.py",
        settings=settings,
        providers={"aws": lambda: AwsProvider(stage.ministack.url, root)},
        preview=preview,
        python=stage.python,
        env=stage.env,
    )


def output_variables(deployment: Deployment) -> dict[str, str]:
    """The stack's outputs as environment variables, as `pulumi stack output --shell` gives them."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in deployment.plain_outputs().items()
    }


def output(deployment: Deployment, variable: str) -> str:
    """One stack output.  Raises UserError if the program does not export it."""
    value = deployment.plain_outputs().get(variable)
    if not isinstance(value, str):
        raise UserError(
            f"the program does not export {variable}",
            where="infra/__main__.py",
            near=sorted(deployment.outputs)[:1],
        )
    return value


def identity(stage: Stage, deployment: Deployment, process: Process | None) -> Identity:
    """Who a process runs as: its role, or root where the project makes no roles."""
    if process is None or not process.role_name:
        return stage.root
    return identities.assume(stage.aws, deployment, process.role_name)


def _child_environment(stage: Stage, deployment: Deployment, who: Identity) -> dict[str, str]:
    return {
        "PYTHONPATH": str(stage.request.project_dir / "src"),
        **output_variables(deployment),
        **who.environment(stage.ministack.url, stage.region),
    }


# -- its processes


@dataclass(frozen=True)
class Running:
    """A consumer at work.  `record` is where its handlers' runs are written."""

    process: Process
    child: Child
    record: Path

    def problem(self) -> str:
        """Why it is no longer at work; empty while it is."""
        code = self.child.poll()
        return (
            "" if code is None else f"{self.process.name} ended with exit code {code}: {self.why()}"
        )

    def why(self) -> str:
        """The last thing it said, without the wrapping of a JSON log."""
        lines = self.child.output().strip().splitlines()
        if not lines:
            return "it said nothing"
        try:
            entry: Any = json.loads(lines[-1])
        except ValueError:
            return f"{lines[-1]}{self._place(lines)}"
        return str(entry.get("reason") or entry.get("message") or lines[-1])

    def _place(self, lines: Sequence[str]) -> str:
        """Where in the project a traceback ends; empty when nowhere."""
        inside = re.escape(f"{self.child.cwd}{os.sep}") if self.child.cwd else "$^"
        places = [re.match(rf'  File "{inside}(.+)", line (\d+)', line) for line in lines]
        last = next((place for place in reversed(places) if place), None)
        return f" ({last[1]}, line {last[2]})" if last else ""


def shorten_polls(stage: Stage, deployment: Deployment) -> None:
    """Cuts the wait of an empty receive to a second: a consumer finishes its receive before it
    stops, and 20 s of that would be most of a run."""
    set_wait = stage.aws.client("sqs").set_queue_attributes
    for process in stage.request.of_kind("consumer"):
        url = output(deployment, process.queue_variable)
        set_wait(QueueUrl=url, Attributes={"ReceiveMessageWaitTimeSeconds": "1"})


def start_consumer(
    stage: Stage, deployment: Deployment, process: Process, who: Identity
) -> Running:
    """Starts one emitted consumer under its role, with its handlers watched."""
    label = f"{process.flow}-{process.name}"
    record = stage.family.folder / f"{label}.jsonl"
    child = stage.family.start(
        label,
        stage.python,
        [str(CHILDREN / "driver.py"), str(record), process.module, *process.args],
        env={
            **_child_environment(stage, deployment, who),
            "MQSCAFFOLD_POISON": traffic.POISON_KEY,
        },
        cwd=stage.request.project_dir,
    )
    return Running(process, child, record)


def send(
    stage: Stage,
    deployment: Deployment,
    sent: traffic.Plan,
    producer: Process | None,
    destination: str,
    *,
    fifo: bool,
) -> None:
    """Sends a plan: through the emitted producer if there is one, else straight to the topic.

    Raises:
        UserError: the producer failed; its last line is in the message.
    """
    who = identity(stage, deployment, producer)
    if producer is None:
        session = stage.session(who)
        for batch in sent.batches:
            for _ in range(batch.count):
                traffic.publish_raw(
                    session, stage.ministack.url, destination, batch.event, fifo=fifo
                )
    else:
        env = _child_environment(stage, deployment, who)
        children = [
            _start_producer(stage, producer, batch, number, env)
            for number, batch in enumerate(sent.batches)
        ]
        for child in children:
            code = child.wait(60)
            if code != 0:
                why = Running(producer, child, Path()).why()
                raise UserError(f"{producer.module} ended with exit code {code}: {why}")
    for _ in range(sent.rejected):
        traffic.publish_raw(
            stage.session(who),
            stage.ministack.url,
            destination,
            traffic.unrouted(),
            fifo=fifo,
        )


def _start_producer(
    stage: Stage, producer: Process, batch: traffic.Batch, number: int, env: Mapping[str, str]
) -> Child:
    file = stage.family.folder / f"{producer.flow}-event-{number}.json"
    file.write_text(json.dumps(batch.event), encoding="utf-8")
    return stage.family.start(
        f"{producer.flow}-producer-{number}",
        stage.python,
        ["-m", producer.module, *producer.args, str(file), "--count", str(batch.count)],
        env=env,
        cwd=stage.request.project_dir,
    )


# -- the count


@dataclass(frozen=True)
class Watch:
    """What to count for one consumer."""

    running: Running
    expected: counting.Expected | None
    filtered: bool
    queue: str
    dlq: str
    undelivered: str


def watch(deployment: Deployment, running: Running, sent: traffic.Plan) -> Watch:
    """What this consumer should see, from the filter that its subscription really has.

    Waits until the consumer is up, or has failed.
    """
    process = running.process
    deadline = time.monotonic() + START_SECONDS
    while (gives_in := counting.gives_in(running.record, process.name)) is None:
        if running.problem() or time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    queue = output(deployment, process.queue_variable)
    policy, scope = counting.filter_of(deployment, queue)
    return Watch(
        running,
        counting.expect(sent, policy, scope, gives_in=bool(gives_in)),
        bool(policy),
        queue,
        output(deployment, process.dlq_variable) if process.dlq_variable else "",
        output(deployment, process.undelivered_variable) if process.undelivered_variable else "",
    )


def wait(stage: Stage, watches: Sequence[Watch], seconds: float) -> None:
    """Returns when every consumer has its messages, when nothing moves any more, or in time.

    Raises:
        UserError: MiniStack ended.
    """
    sqs = stage.aws.client("sqs")
    deadline = time.monotonic() + seconds
    before: list[tuple[int, int]] = []
    still_since = time.monotonic()
    while time.monotonic() < deadline:
        stage.ministack.check_alive()
        now: list[tuple[int, int]] = []
        done = True
        for one in watches:
            handled = len(counting.handled_ids(counting.read_runs(one.running.record)))
            dead = counting.depth(sqs, one.dlq) if one.dlq else 0
            waiting = counting.depth(sqs, one.queue)
            now.append((handled + dead, waiting))
            enough = one.expected is not None and handled + dead >= one.expected.total
            done = done and waiting == 0 and enough
        if done or any(one.running.problem() for one in watches):
            return
        if now != before:
            before, still_since = now, time.monotonic()
        nothing_left = all(waiting == 0 for _, waiting in now)
        if nothing_left and time.monotonic() - still_since > QUIET_SECONDS:
            return
        time.sleep(POLL_SECONDS)


def count(stage: Stage, one: Watch, operator: Any) -> counting.Delivery:
    """The account of one consumer; dead letters are read with the operator's boto3 client."""
    sqs = stage.aws.client("sqs")
    runs = counting.read_runs(one.running.record)
    dead: tuple[counting.DeadLetter, ...] = ()
    refused = ""
    if one.dlq:
        try:
            dead = counting.read_letters(operator, one.dlq)
        except ClientError as error:
            refused = str(error)
            dead = counting.read_letters(sqs, one.dlq)
    return counting.Delivery(
        flow=one.running.process.flow,
        consumer=one.running.process.name,
        expected=one.expected,
        handled=len(counting.handled_ids(runs)),
        runs=len(runs),
        dead=dead,
        undelivered=counting.depth(sqs, one.undelivered) if one.undelivered else 0,
        waiting=counting.depth(sqs, one.queue),
        filtered=one.filtered,
        refused=refused,
    )


def stop(running: Sequence[Running]) -> list[str]:
    """Ends all consumers gracefully; what went wrong with it, one sentence each."""
    for one in running:
        one.child.ask_to_stop()
    problems: list[str] = []
    deadline = time.monotonic() + STOP_SECONDS
    for one in running:
        code = one.child.wait(max(0.1, deadline - time.monotonic()))
        if code is None:
            problems.append(f"{one.process.name} did not stop within {STOP_SECONDS:.0f} s")
        elif code != 0:
            problems.append(one.problem())
    return problems
