"""Small programs made of the components in templates/infra/aws, run with nothing but Python."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
COMPONENTS = TEMPLATES / "infra" / "aws"
PROD = {"keep": True, "alarms": True}

FANOUT = """
import pulumi
from components import *

config = pulumi.Config()
keep = config.get_bool("keep") or False
alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.get_bool("alarms") or False, keep=keep))
both = dict(
    fifo=config.get_bool("fifo") or False,
    cmk=config.get_bool("cmk") or False,
    large_messages=config.get_bool("large") or False,
    keep=keep,
    alarm_topic_arn=alarms.topic_arn,
)
orders = Topic("orders", TopicArgs(org_id=config.get("org"), **both))
billing = Subscriber("orders-billing", SubscriberArgs(topic_arn=orders.arn, **both))
wanted = {"ce_type": ["order.placed"]}
shipping = Subscriber(
    "orders-shipping", SubscriberArgs(topic_arn=orders.arn, filter_policy=wanted, **both)
)
Role("orders-producer", RoleArgs(policies=[orders.publish_policy]))
Role("orders-billing", RoleArgs(policies=[billing.consume_policy]))
Role("orders-shipping", RoleArgs(policies=[shipping.consume_policy]))
Role("orders-operator", RoleArgs(policies=[billing.redrive_policy, shipping.redrive_policy]))
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", billing.queue_url)
"""

WORK_QUEUE = """
import pulumi
from components import *

config = pulumi.Config()
keep = config.get_bool("keep") or False
alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.get_bool("alarms") or False, keep=keep))
jobs = Queue("jobs", QueueArgs(keep=keep, alarm_topic_arn=alarms.topic_arn))
Role("jobs-producer", RoleArgs(policies=[jobs.send_policy]))
Role("jobs-consumer", RoleArgs(policies=[jobs.consume_policy]))
Role("jobs-operator", RoleArgs(policies=[jobs.redrive_policy]))
pulumi.export("JOBS_QUEUE_URL", jobs.url)
"""

SUBSCRIBER_ONLY = """
import pulumi
from components import *

config = pulumi.Config()
topic = ExistingTopic("audit", ExistingTopicArgs(reference=config.require("topic")))
audit = Subscriber("audit-audit", SubscriberArgs(topic_arn=topic.arn))
Role("audit-audit", RoleArgs(policies=[audit.consume_policy]))
Role("audit-operator", RoleArgs(policies=[audit.redrive_policy]))
pulumi.export("AUDIT_AUDIT_QUEUE_URL", audit.queue_url)
"""


def import_components() -> None:
    """In a project the components are the package `components`, beside the program."""
    spec = importlib.util.spec_from_file_location(
        "components", COMPONENTS / "__init__.py", submodule_search_locations=[str(COMPONENTS)]
    )
    assert spec
    assert spec.loader
    sys.modules["components"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["components"])


def write_project(folder: Path, source: str, stacks: Mapping[str, Mapping[str, Any]]) -> None:
    """The files that the recorder reads: the program and the values of its stacks."""
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "shop", "runtime": "python"}))
    (folder / "__main__.py").write_text(source)
    for name, values in stacks.items():
        config = {f"shop:{key}": value for key, value in values.items()}
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
