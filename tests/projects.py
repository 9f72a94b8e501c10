"""Contexts of all kinds of project, as the composer would fill them."""

from __future__ import annotations

from dataclasses import replace

from mqscaffold.render.context import (
    Catalog,
    ConfigKey,
    ConfigValue,
    Consumer,
    Event,
    Flow,
    Producer,
    Project,
    SettingRow,
    Stack,
    Topic,
)

ORDER_PLACED = Event(
    type="order.placed",
    class_name="OrderPlaced",
    schema={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OrderPlaced",
        "type": "object",
        "required": ["order_id", "total_cents"],
        "properties": {
            "order_id": {"type": "string", "x-key": True},
            "total_cents": {"type": "integer"},
        },
    },
    example={"order_id": "o-1001", "total_cents": 4200},
    key_field="order_id",
)

DEV = Stack(
    name="dev",
    resources=29,
    idle_cost="nothing",
    config=(
        ConfigValue(key="aws:defaultTags", value={"tags": {"app": "orders", "env": "dev"}}),
        ConfigValue(key="keep", value=False, why="protect and retain queues and topics"),
        ConfigValue(
            key="alarm-topic",
            example="arn:aws:sns:eu-west-1:111122223333:alarms",
            why="where alarms go",
        ),
    ),
)
PROD = Stack(
    name="prod",
    resources=44,
    idle_cost="about $3 a month | with a key",
    region="eu-west-1",
    account_ids=("012345678901",),
    alarms=True,
    keep=True,
    config=(
        ConfigValue(key="aws:defaultTags", value={"tags": {"app": "orders", "env": "prod"}}),
        ConfigValue(key="keep", value=True),
        ConfigValue(key="orders:alarm-topic", value="arn:aws:sns:eu-west-1:012345678901:ops"),
    ),
)
KEYS = (
    ConfigKey(name="keep", type="boolean", description="Protect and retain: queues, topics, keys."),
    ConfigKey(name="alarm-topic", type="string", description="Where alarms go.", optional=True),
)


def subscriber(flow: str, name: str) -> Consumer:
    prefix = f"{flow}_{name}".replace("-", "_").upper()
    return Consumer(
        name=name,
        queue_variable=f"{prefix}_QUEUE_URL",
        dlq_variable=f"{prefix}_DLQ_URL",
        undelivered_variable=f"{prefix}_UNDELIVERED_URL",
    )


def flow_of(name: str, *subscribers: str) -> Flow:
    variable = f"{name.upper()}_TOPIC_ARN"
    return Flow(
        name=name,
        pattern="fanout",
        service="sns-sqs",
        says="One SNS topic, and one SQS queue for each subscriber.",
        events=(ORDER_PLACED,),
        topic=Topic(variable=variable),
        producer=Producer(variable=variable, kind="sns"),
        consumers=tuple(subscriber(name, item) for item in subscribers),
    )


JOBS = Flow(
    name="jobs",
    pattern="work-queue",
    service="sqs",
    says="One SQS queue, shared by all workers.",
    events=(ORDER_PLACED,),
    producer=Producer(variable="JOBS_QUEUE_URL", kind="sqs"),
    consumers=(
        Consumer(name="consumer", queue_variable="JOBS_QUEUE_URL", dlq_variable="JOBS_DLQ_URL"),
    ),
)


def project_of(*flows: Flow) -> Project:
    return Project(
        name=flows[0].name,
        catalog=Catalog(name="mqscaffold", version="1.0.0"),
        flows=flows,
        stacks=(DEV, PROD),
        config_keys=KEYS,
        settings=(
            SettingRow(
                address="alarm_topic",
                value="dev , prod arn:aws:sns:eu-west-1:012345678901:ops",
                origin="chosen",
                why="A dead letter must wake someone | always.",
                docs="https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html",
            ),
        ),
    )


ORDERS = flow_of("orders", "billing", "eu-shipping")
_BILLING, _SHIPPING = ORDERS.consumers

FANOUT = project_of(ORDERS)
FIFO = project_of(
    replace(
        ORDERS,
        fifo=True,
        max_message_bytes=1_048_576,
        consumers=(
            _BILLING,
            replace(
                _SHIPPING,
                on_failure="block",
                max_receive_count=1000,
                filter={"ce_type": ["order.placed"]},
            ),
        ),
    )
)
WORK_QUEUE = project_of(JOBS)
SUBSCRIBER_ONLY = project_of(
    replace(
        flow_of("audit", "audit"),
        topic=Topic(variable="AUDIT_TOPIC_ARN", reference="ssm:/shop/orders/topic-arn"),
        producer=None,
    )
)
PUBLISHER_ONLY = project_of(flow_of("orders"))
TWO_FLOWS = project_of(ORDERS, JOBS)
INFRASTRUCTURE = replace(TWO_FLOWS, code=False, identities="policies")
NO_ALARMS = replace(WORK_QUEUE, stacks=(DEV,), identities="none")

PROJECTS = {
    "fanout": FANOUT,
    "fifo": FIFO,
    "work-queue": WORK_QUEUE,
    "subscriber-only": SUBSCRIBER_ONLY,
    "publisher-only": PUBLISHER_ONLY,
    "two-flows": TWO_FLOWS,
    "infrastructure": INFRASTRUCTURE,
    "no-alarms": NO_ALARMS,
}
