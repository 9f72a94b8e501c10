"""What `pulumi up` would make, found without Pulumi's command, AWS or a network: for test_infra.py.

The program in infra/ runs against stand-ins that answer as AWS would; what it asks for is kept.
"""

import asyncio
import contextvars
import json
import re
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc

INFRA = Path(__file__).resolve().parent.parent / "infra"
QUEUE, TOPIC, KEY = "aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:kms/key:Key"
DOCUMENTS = ("policy", "assumeRolePolicy", "redrivePolicy", "redriveAllowPolicy")
pulumi_mocks: Any = mocks  # has no types of its own, as little as what is on the wire
wire: Any = rpc
EXISTING = "arn:aws:sns:eu-west-1:123456789012:existing"  # where the look-up of a topic leads


@dataclass(frozen=True)
class Resource:
    """One resource that AWS would make."""

    type: str
    name: str
    urn: str
    state: dict[str, Any]  # as the program says, documents parsed; AWS adds name, ARN and URL
    protected: bool = False
    retained: bool = False  # left in the account when the stack is destroyed
    after: tuple[str, ...] = ()  # URNs of what must be there before it


@dataclass
class Stack:
    """Everything that one stack asks for."""

    config: dict[str, str]
    resources: list[Resource] = field(default_factory=list[Resource])
    secret_outputs: dict[str, bool] = field(default_factory=dict[str, bool])

    def of(self, *types: str) -> list[Resource]:
        return [found for found in self.resources if found.type in types]

    def at(self, arn: str) -> Resource | None:
        """The queue, topic or key with this ARN; None if it is not of this project."""
        return next((one for one in self.of(QUEUE, TOPIC, KEY) if one.state["arn"] == arn), None)

    def policies(self, place: Resource) -> list[Resource]:
        """What holds the policy of a queue, topic or key; a key holds its own."""
        queue = self.of("aws:sqs/queuePolicy:QueuePolicy")
        topic = self.of("aws:sns/topicPolicy:TopicPolicy")
        found = [one for one in queue if one.state["queueUrl"] == place.state["url"]]
        found += [one for one in topic if one.state["arn"] == place.state["arn"]]
        return [place] if place.type == KEY else found

    def rules(self, place: Resource) -> list[dict[str, Any]]:
        """Every statement of those policies."""
        return [rule for one in self.policies(place) for rule in one.state["policy"]["Statement"]]


@cache
def recorded(name: str, infra: Path = INFRA) -> Stack:
    """What the stack asks for. Pulumi keeps its state in a context, so each run has its own."""
    return contextvars.Context().run(_run, name, infra)


def _run(name: str, infra: Path) -> Stack:
    project: Any = yaml.safe_load((infra / "Pulumi.yaml").read_text("utf-8"))
    file: Any = yaml.safe_load((infra / f"Pulumi.{name}.yaml").read_text("utf-8"))
    declared: dict[str, Any] = project.get("config") or {}
    stated: dict[str, Any] = file.get("config") or {}
    prefix, config = f"{project['name']}:", dict[str, str]()
    for key, entry in declared.items():
        default = entry.get("value", entry.get("default")) if _is_table(entry) else entry
        if default is not None:
            config[key if ":" in key else prefix + key] = _text(default)
    for key, value in stated.items():
        config[key if ":" in key else prefix + key] = _text(value)
    program = infra / "__main__.py"
    outputs = re.findall(r"stack:[^\"#]+#(\w+)", program.read_text("utf-8") + str(config))
    stack = Stack({key.removeprefix(prefix): text for key, text in config.items()})
    loops: list[asyncio.AbstractEventLoop] = []

    def own_loop() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    def program_and_outputs() -> object:
        runpy.run_path(str(program), run_name="__main__")
        root: Any = pulumi.runtime.get_root_resource()
        exported = {key: pulumi.Output.from_input(value) for key, value in root.outputs.items()}
        secret = {key: pulumi.Output.from_input(out.is_secret()) for key, out in exported.items()}
        return pulumi.Output.from_input(secret).apply(stack.secret_outputs.update)

    own_loop()  # before Pulumi looks for one: it would wait for ever on the one it makes later
    sys.path.insert(0, str(infra))
    try:
        with ThreadPoolExecutor(initializer=own_loop) as threads:
            loops[0].set_default_executor(threads)
            pulumi.runtime.set_all_config(config)
            monitor = _Recorder(_StandIn(outputs), stack.resources)
            pulumi_mocks.set_mocks(
                monitor.mocks, project["name"], name, preview=False, monitor=monitor
            )
            pulumi_mocks.test(program_and_outputs)()
    finally:
        sys.path.remove(str(infra))
        asyncio.set_event_loop(None)
        for loop in loops:
            loop.close()
    stack.resources.sort(key=lambda found: found.urn)
    return stack


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _text(value: Any) -> str:
    """A value of a stack file as Pulumi hands it to the program."""
    if _is_table(value) and "secure" in value:
        return "a secret"
    return value if isinstance(value, str) else json.dumps(value)


class _StandIn(mocks.Mocks):
    """Answers as AWS would: names, ARNs and URLs; the account; a topic that is looked up."""

    def __init__(self, outputs: list[str]) -> None:
        self.outputs = dict.fromkeys(outputs, EXISTING)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        caller = "arn:aws:sts::123456789012:assumed-role/deploy/session"
        return {"accountId": "123456789012", "arn": caller, "insecureValue": EXISTING}, []

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        kind, name = args.typ.split(":")[1].split("/")[0], f"{args.name}-1a2b3c4"
        arn = f"arn:aws:{kind}:eu-west-1:123456789012:{name}"
        made = {"name": name, "arn": arn, "url": f"https://{kind}/{name}", "outputs": self.outputs}
        return name, {**made, **args.inputs}


class _Recorder(mocks.MockMonitor):
    """Keeps what is registered, with the options that a stand-in is not told."""

    def __init__(self, stand_in: _StandIn, found: list[Resource]) -> None:
        super().__init__(stand_in)
        self.found = found

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802, Pulumi's name
        response: Any = pulumi_mocks.MockMonitor.RegisterResource(self, request)
        if request.custom:
            state = wire.unwrap_rpc_secret(wire.deserialize_properties(response.object))
            state |= {key: json.loads(state[key]) for key in DOCUMENTS if key in state}
            options = request.protect, request.retainOnDelete, tuple(request.dependencies)
            self.found += [Resource(request.type, request.name, response.urn, state, *options)]
        return response
