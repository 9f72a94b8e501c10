"""What the texts of a project are rendered from: plain values, no catalog, no decisions.

The composer fills these. Times are in seconds, sizes in bytes. What follows from them (retry
horizon in words, alarms, diagram) is computed in `facts.py`, so that README, `show` and program
cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mqscaffold.names import package_name
from mqscaffold.records import dataclass

__all__ = [
    "Catalog",
    "ConfigKey",
    "ConfigValue",
    "Consumer",
    "Event",
    "Flow",
    "JsonObject",
    "Producer",
    "Project",
    "SettingRow",
    "Stack",
    "Topic",
]

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Where the project's managed files come from."""

    name: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event type.

    Attributes:
        type: the CloudEvents type, `order.placed`.
        class_name: the class in `events.py`, `OrderPlaced`.
        schema: the JSON Schema of its data, as it is written to `schemas/`.
        example: data that the schema accepts.
        key_field: the property of the data that is the key, or None.
    """

    type: str
    class_name: str
    schema: JsonObject
    example: JsonObject
    key_field: str | None = None

    @property
    def key(self) -> str | None:
        """The key of the example."""
        return None if self.key_field is None else str(self.example[self.key_field])


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What a fanout publishes to.

    Attributes:
        variable: the stack output and environment variable that holds its ARN.
        reference: None for a topic of this project, else where another one is found
            (`arn:…`, `ssm:/path`, `stack:org/project/stack#OUTPUT`).
    """

    variable: str
    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Producer:
    """The process that sends: `variable` is the environment variable of what it sends to."""

    variable: str
    kind: Literal["sns", "sqs"]


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """One process that reads one queue.

    Attributes:
        name: as in the project, `billing`; `consumer` when a flow has only one.
        undelivered_variable: the queue for what a topic could not deliver, None without a topic.
        retry_min_seconds, retry_max_seconds: from the first attempt to the last one.
        filter: the SNS filter policy, None to receive everything.
    """

    name: str
    queue_variable: str
    dlq_variable: str
    undelivered_variable: str | None = None
    concurrency: int = 10
    max_handler_seconds: int = 300
    on_failure: Literal["dead-letter", "block"] = "dead-letter"
    filter: JsonObject | None = None
    filter_scope: Literal["attributes", "body"] = "attributes"
    visibility_timeout_seconds: int = 60
    wait_time_seconds: int = 20
    delay_seconds: int = 0
    max_receive_count: int = 9
    retry_min_seconds: int = 637
    retry_max_seconds: int = 1275
    retention_seconds: int = 345_600
    dlq_retention_seconds: int = 1_209_600

    @property
    def module(self) -> str:
        """The Python module of its handler."""
        return package_name(self.name)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One pattern on one service.

    Attributes:
        says: one sentence about it, with its full stop.
        topic: None where the producer sends to the queue itself.
        producer: None when another project publishes.
        consumers: empty when other projects subscribe.
        max_message_bytes: the smallest limit on the way, envelope and attributes included.
        grace_seconds: what running handlers get to finish after SIGTERM.
    """

    name: str
    pattern: str
    service: str
    says: str
    events: tuple[Event, ...]
    topic: Topic | None = None
    producer: Producer | None = None
    consumers: tuple[Consumer, ...] = ()
    fifo: bool = False
    max_message_bytes: int = 262_144
    grace_seconds: int = 20

    @property
    def package(self) -> str:
        """The Python package of the flow, a folder of `src/`."""
        return package_name(self.name)

    @property
    def schemas(self) -> str:
        """The folder of its event schemas."""
        return f"schemas/{self.name}"

    def logical_name(self, consumer: Consumer) -> str:
        """What the consumer's queue is called in the Pulumi program."""
        return self.name if self.topic is None else f"{self.name}-{consumer.name}"

    def role_name(self, process: str) -> str:
        """What a process's IAM role or policy is called in the Pulumi program."""
        return f"{self.name}-{process}"


@dataclass(frozen=True, kw_only=True)
class ConfigKey:
    """A configuration key of the Pulumi program, without the project's name before it.

    Attributes:
        type: as `Pulumi.yaml` spells it; an array holds strings. It has no word for an object.
        default: the value when a stack says nothing; None for a key that has no default.
        optional: True when the program itself copes without the key.
    """

    name: str
    type: Literal["string", "integer", "boolean", "array", "object"]
    description: str
    default: str | int | bool | None = None
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class ConfigValue:
    """One value in `Pulumi.<stack>.yaml`.

    Attributes:
        key: with its namespace, `aws:defaultTags`; one without is a key of this project.
        value: None for a value that only the team knows: the line is there, commented out.
        example: what such a line shows.
        why: a short comment above it.
    """

    key: str
    value: Any = None
    example: Any = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack, in the order of deployment.

    Attributes:
        config: in the order in which it is written; region and accounts are not in it.
        resources: what `pulumi up` creates, the stack itself not counted.
        idle_cost: in words, `about $1 a month`.
        alarms: whether the stack has alarms.
        keep: whether queues, topics and keys are protected against deletion.
    """

    name: str
    resources: int
    idle_cost: str
    config: tuple[ConfigValue, ...] = ()
    region: str | None = None
    account_ids: tuple[str, ...] = ()
    alarms: bool = False
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """One row of the README's table of settings.

    Attributes:
        address: as on the command line, `prod.orders:subscribers.billing.retry_for`.
        value: as a person writes it, `10 min`.
        origin: chosen by the team, derived from another setting, or the catalog's default.
        why: one sentence; docs: the vendor's page.
    """

    address: str
    value: str
    origin: Literal["chosen", "derived", "default"]
    why: str
    docs: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """All that the texts of one project need.

    Attributes:
        name: folder, Pulumi project and Python project.
        code: False for infrastructure only: no `src/`, no image.
        identities: what the program makes for a process: a role, a policy, or nothing.
        assumed_by: who assumes the roles.
        not_proven: further sentences on what `mqscaffold try` cannot show.
    """

    name: str
    catalog: Catalog
    flows: tuple[Flow, ...]
    stacks: tuple[Stack, ...]
    config_keys: tuple[ConfigKey, ...] = ()
    settings: tuple[SettingRow, ...] = ()
    code: bool = True
    identities: Literal["roles", "policies", "none"] = "roles"
    assumed_by: str = "ecs-tasks.amazonaws.com"
    not_proven: tuple[str, ...] = ()
