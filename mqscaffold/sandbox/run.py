"""`mqscaffold try`: deploys a project on this machine, runs it, and counts its messages."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mqscaffold.errors import UserError
from mqscaffold.sandbox import environments, identities, ministack, report, stage, traffic
from mqscaffold.sandbox.aws.kind import Aws
from mqscaffold.sandbox.deployment import Deployment, DeploymentError
from mqscaffold.sandbox.process import Family, isolated
from mqscaffold.sandbox.project import Flow, Process, TryInput
from mqscaffold.sandbox.report import Claim, Report, Step
from mqscaffold.sandbox.stack_config import load
from mqscaffold.sandbox.stage import Stage

__all__ = ["Flow", "Process", "Report", "TryInput", "try_project"]

Say = Callable[[str], None]

MINISTACK = environments.Wanted("ministack", ministack.LOCK, ("ministack.app",), 20, 10)


class _Steps:
    """Times the phases of a run and says each when it is over."""

    def __init__(self, say: Say) -> None:
        self.done: list[Step] = []
        self._say = say

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[Callable[[str], None]]:
        started = time.perf_counter()
        detail: list[str] = [""]
        yield lambda text: detail.__setitem__(0, text)
        step = Step(name, time.perf_counter() - started, detail[0])
        self.done.append(step)
        self._say(f"{step.name:<16}{step.seconds:6.1f} s  {step.detail}".rstrip())


def try_project(
    request: TryInput, say: Say = print, show: Callable[[Report], None] | None = None
) -> Report:
    """Proves a project: deploys it locally, sends messages, counts what becomes of them.

    Args:
        request: the project.
        say: receives one line for each step, and before a download starts.
        show: receives the report as soon as it is complete; with `keep` that is before the wait.
    Returns:
        The report; its `exit_code` is 0 only if nothing is lost and every poison and rejected
        message is in a dead-letter queue with its reason.
    Raises:
        UserError: the project cannot be tried; nothing is left running.
        KeyboardInterrupt: Ctrl-C; nothing is left running.
    """
    plans = {
        flow.name: traffic.plan(flow, request.count)
        for flow in request.flows
        if request.of_kind("consumer", flow.name) or request.of_kind("producer", flow.name)
    }
    env_file = EnvFile(request.project_dir / ".env.local")
    if request.keep:
        env_file.check()
    steps = _Steps(say)
    with _terminable(), isolated() as env, Family(env) as family:
        at = _set_up(request, env, family, steps, say)
        try:
            deployment, arns, extra = _deploy(at, steps)
        except DeploymentError as failed:
            found = _failed(request, failed, steps)
            if show:
                show(found)
            return found
        found = _drive(at, deployment, arns, plans, steps, extra)
        if show:
            show(found)
        if request.keep:
            _keep(at, deployment, env_file, say)
    return found


def _set_up(
    request: TryInput, env: dict[str, str], family: Family, steps: _Steps, say: Say
) -> Stage:
    """Environments, configuration and MiniStack."""
    config = load(request.infra, request.stack, request.config)
    program = request.infra / "__main__.py"
    if not program.is_file():
        raise UserError("the project has no program to deploy", where=str(program))
    cache = request.cache or environments.cache_directory()
    with steps.step("environments") as detail:
        broker_python = environments.ensure(MINISTACK, cache, say)
        modules = environments.PROJECT_MODULES if request.processes else environments.INFRA_MODULES
        python = environments.project_python(request.project_dir, cache, say, modules=modules)
        own = python.is_relative_to(request.project_dir)
        detail(".venv of the project" if own else "from the project's lock, in the cache")
    with steps.step("MiniStack") as detail:
        running = ministack.start(family, str(broker_python))
        detail(f"{ministack.VERSION} on {running.url}")
    root = identities.root(stage.account_of(request, config))
    region = config.values.get("aws:region") or "us-east-1"
    aws = Aws(running.url, region, credentials=(root.access_key, root.secret_key))
    return Stage(request, config, running, str(python), env, family, root, aws)


def _deploy(at: Stage, steps: _Steps) -> tuple[Deployment, dict[str, str], list[Claim]]:
    """Previews and creates the program: what it made, existing topics by flow, what to add to the
    list of what is not proved."""
    arns, settings = stage.existing_topics(at)
    with steps.step("preview") as detail:
        planned = stage.deploy(at, settings, preview=True)
        detail(f"{len(planned.managed)} resources")
    with steps.step("deploy") as detail:
        deployment = stage.deploy(at, settings, preview=False)
        detail(f"{len(deployment.managed)} resources")
    extra = [
        Claim(f"secret {key}", "only Pulumi can open it; the program got a placeholder")
        for key in at.config.placeholders
    ]
    extra += [
        Claim(f"the topic of {flow}", "not this project's: the sandbox made one and sent as root")
        for flow in arns
    ]
    extra += [
        Claim(f"{flow.name}: what becomes of its messages", "the project has no consumer for it")
        for flow in at.request.flows
        if not at.request.of_kind("consumer", flow.name)
    ]
    if any(not process.role_name for process in at.request.processes):
        extra.append(Claim("least privilege", "the project makes no roles: all ran as root"))
    return deployment, arns, extra


def _drive(
    at: Stage,
    deployment: Deployment,
    arns: dict[str, str],
    plans: dict[str, traffic.Plan],
    steps: _Steps,
    extra: list[Claim],
) -> Report:
    """Starts the consumers, sends, waits, counts and stops."""
    request = at.request
    problems: list[str] = []
    unsent: set[str] = set()
    with steps.step("start consumers") as detail:
        stage.shorten_polls(at, deployment)
        running = [
            stage.start_consumer(at, deployment, p, stage.identity(at, deployment, p))
            for p in request.of_kind("consumer")
        ]
        detail(", ".join(_label(one.process) for one in running) or "none")
    with steps.step("send") as detail:
        for flow in request.flows:
            if flow.name in plans:
                failed = _send(at, deployment, flow, plans[flow.name], arns)
                problems += failed
                unsent |= {flow.name} if failed else set()
        detail(", ".join(f"{sent.total} to {name}" for name, sent in plans.items()) or "nothing")
    with steps.step("wait"):
        watches = [stage.watch(deployment, one, plans[one.process.flow]) for one in running]
        # Of a plan that was not sent whole nothing can be expected.
        watches = [
            replace(one, expected=None) if one.running.process.flow in unsent else one
            for one in watches
        ]
        stage.wait(at, watches, request.wait_seconds)
        problems += [one.problem() for one in running if one.problem()]
    with steps.step("stop consumers") as detail:
        alive = [one for one in running if not one.problem()]
        problems += stage.stop(alive)
        detail("with SIGTERM" if alive else "none")
    with steps.step("count"):
        deliveries = tuple(stage.count(at, one, _operator(at, deployment, one)) for one in watches)
    problems += [problem for delivery in deliveries for problem in delivery.problems]
    return Report(
        project=request.project,
        steps=tuple(steps.done),
        resources=len(deployment.managed),
        sent={name: sent.total for name, sent in plans.items()},
        deliveries=deliveries,
        problems=tuple(problems),
        proved=tuple(_proved(at, deployment, plans, deliveries, clean=not problems)),
        not_proved=report.not_proved(deployment, extra),
    )


def _send(
    at: Stage, deployment: Deployment, flow: Flow, sent: traffic.Plan, arns: dict[str, str]
) -> list[str]:
    producers = at.request.of_kind("producer", flow.name)
    destination = arns.get(flow.name) or stage.output(deployment, flow.destination_variable)
    producer = producers[0] if producers else None
    try:
        stage.send(at, deployment, sent, producer, destination, fifo=flow.fifo)
    except UserError as error:
        return [str(error)]
    return []


def _operator(at: Stage, deployment: Deployment, one: stage.Watch) -> Any:
    """The boto3 client that reads dead letters: the operator's, if the project has one."""
    found = at.request.of_kind("operator", one.running.process.flow)
    who = stage.identity(at, deployment, found[0] if found else None)
    return at.session(who).client("sqs", endpoint_url=at.ministack.url)


def _label(process: Process) -> str:
    return process.name if process.name == process.flow else f"{process.flow}/{process.name}"


def _failed(request: TryInput, failed: DeploymentError, steps: _Steps) -> Report:
    return Report(
        project=request.project,
        steps=tuple(steps.done),
        resources=len(failed.partial.managed),
        sent={},
        deliveries=(),
        problems=failed.errors,
        proved=(),
        not_proved=(Claim("the flow of messages", "the program could not be deployed"),),
    )


def _proved(
    at: Stage,
    deployment: Deployment,
    plans: dict[str, traffic.Plan],
    deliveries: tuple[Any, ...],
    *,
    clean: bool,
) -> Iterator[Claim]:
    """What this run has shown.  Nothing is claimed for a run with problems."""
    if not clean:
        return
    engine = f"our engine, MiniStack {ministack.VERSION}"
    yield Claim("the program deploys", f"{engine}: {len(deployment.managed)} resources")
    roles = [p for p in at.request.processes if p.role_name]
    if roles:
        who = ", ".join(dict.fromkeys(p.role_name for p in roles if p.kind != "operator"))
        yield Claim("the roles suffice", f"each process ran as its own: {who}")
    for name, sent in plans.items():
        if at.request.of_kind("producer", name):
            yield Claim(f"{name}: the producer", f"{sent.total - sent.rejected} events sent by it")
    for one in deliveries:
        name = f"{one.flow}/{one.consumer}"
        if one.expected is None:
            yield Claim(f"{name}: what passes its filter is handled", f"{one.handled} handled")
            continue
        yield Claim(f"{name}: nothing is lost", f"{one.handled} handled in {one.runs} runs")
        if one.dead:
            yield Claim(f"{name}: dead letters", f"{len(one.dead)}, each with its reason")
        if one.filtered:
            yield Claim(f"{name}: its filter", f"only {one.expected.total} of the events came")
    if deliveries:
        yield Claim("graceful shutdown", "each consumer ended with 0 when asked to stop")


# -- keep


class EnvFile:
    """`.env.local`: what an IDE needs to run the project's processes against the sandbox."""

    FIRST = "# Written by `mqscaffold try --keep`, removed when it ends."

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Raises UserError if there is a file of someone else's, or of a run that goes on."""
        if not self._path.exists():
            return
        if not self._ours():
            raise UserError(
                "there is a .env.local that mqscaffold did not write",
                where=str(self._path),
                command="move it, or leave out --keep",
            )
        if self._in_use():
            raise UserError(
                "another mqscaffold try --keep runs here, and this file is its own",
                where=str(self._path),
                command="end the other with Ctrl-C, or leave out --keep",
            )

    def _ours(self) -> bool:
        return self._text().startswith(self.FIRST)

    def _in_use(self) -> bool:
        """Whether something listens where the file says; a run that was killed leaves the file."""
        found = re.search(r"^AWS_ENDPOINT_URL=http://127\.0\.0\.1:(\d+)$", self._text(), re.M)
        if found is None:
            return False
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", int(found[1]) % 65536)) == 0

    def _text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def write(self, variables: dict[str, str]) -> None:
        lines = [self.FIRST, *(f"{name}={value}" for name, value in variables.items())]
        self._path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def remove(self) -> None:
        if self._path.exists() and self._ours():
            self._path.unlink()


def _keep(at: Stage, deployment: Deployment, env_file: EnvFile, say: Say) -> None:
    """Holds MiniStack and the deployment until Ctrl-C."""
    variables = {
        **at.root.environment(at.ministack.url, at.region),
        "PYTHONPATH": "src",
        **stage.output_variables(deployment),
    }
    env_file.write(variables)
    say("")
    say(f"Kept on {at.ministack.url} until Ctrl-C. The environment is in .env.local:")
    say("  set -a; . ./.env.local; set +a      (an IDE: name it as the run's env file)")
    for process in at.request.processes:
        if process.kind == "consumer":
            say(f"  {at.python} -m {' '.join([process.module, *process.args])}")
    for process in at.request.of_kind("producer"):
        say(f"  {at.python} -m {process.module} EVENT.json --count 10")
    try:
        while True:
            at.ministack.check_alive()
            time.sleep(0.5)
    except KeyboardInterrupt:
        say("ended")
    finally:
        env_file.remove()


@contextlib.contextmanager
def _terminable() -> Generator[None]:
    """Lets SIGTERM end a run like Ctrl-C, so that its children are ended in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
