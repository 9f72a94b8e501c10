"""orders: replay on Amazon SNS → SQS.

    producer ──> orders ──> billing    src/orders/handlers/billing.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    Role,
    RoleArgs,
    Subscriber,
    SubscriberArgs,
    Topic,
    TopicArgs,
)

config = pulumi.Config()

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms")))

orders = Topic(
    "orders", TopicArgs(fifo=True, archive_seconds=2_592_000, alarm_topic_arn=alarms.topic_arn)
)
orders_billing = Subscriber(
    "orders-billing",
    SubscriberArgs(topic_arn=orders.arn, fifo=True, alarm_topic_arn=alarms.topic_arn),
)

# Who may do what: each process has only the rights named here.
orders_producer_role = Role("orders-producer", RoleArgs(policies=[orders.publish_policy]))
orders_billing_role = Role("orders-billing", RoleArgs(policies=[orders_billing.consume_policy]))
orders_operator_role = Role(
    "orders-operator", RoleArgs(policies=[orders.replay_policy, orders_billing.redrive_policy])
)

# The environment of the processes: README, "Deploy".
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", orders_billing.queue_url)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_OPERATOR_ROLE_ARN", orders_operator_role.arn)
