"""orders-fifo: fanout on Amazon SNS → SQS.

    producer ──> orders-fifo ──┬──> billing     src/orders_fifo/handlers/billing.py
                               └──> shipping    src/orders_fifo/handlers/shipping.py

Beside each queue stand its `-dlq` (what the handler gave up on) and its `-undelivered` (what SNS
could not hand over).
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
keep = config.require_bool("keep")
orders_fifo_cmk = config.require_bool("orders-fifo-cmk")

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms"), keep=keep))

orders_fifo = Topic(
    "orders-fifo",
    TopicArgs(
        fifo=True,
        large_messages=True,
        cmk=orders_fifo_cmk,
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)
orders_fifo_billing = Subscriber(
    "orders-fifo-billing",
    SubscriberArgs(
        topic_arn=orders_fifo.arn,
        fifo=True,
        large_messages=True,
        cmk=orders_fifo_cmk,
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)
orders_fifo_shipping = Subscriber(
    "orders-fifo-shipping",
    SubscriberArgs(
        topic_arn=orders_fifo.arn,
        fifo=True,
        large_messages=True,
        cmk=orders_fifo_cmk,
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# Who may do what: each process has only the rights named here.
orders_fifo_producer_role = Role(
    "orders-fifo-producer", RoleArgs(policies=[orders_fifo.publish_policy])
)
orders_fifo_billing_role = Role(
    "orders-fifo-billing", RoleArgs(policies=[orders_fifo_billing.consume_policy])
)
orders_fifo_shipping_role = Role(
    "orders-fifo-shipping", RoleArgs(policies=[orders_fifo_shipping.consume_policy])
)
orders_fifo_operator_role = Role(
    "orders-fifo-operator",
    RoleArgs(policies=[orders_fifo_billing.redrive_policy, orders_fifo_shipping.redrive_policy]),
)

# The environment of the processes: README, "Deploy".
pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)
pulumi.export("ORDERS_FIFO_TOPIC_ARN", orders_fifo.arn)
pulumi.export("ORDERS_FIFO_BILLING_QUEUE_URL", orders_fifo_billing.queue_url)
pulumi.export("ORDERS_FIFO_BILLING_DLQ_URL", orders_fifo_billing.dlq_url)
pulumi.export("ORDERS_FIFO_BILLING_UNDELIVERED_URL", orders_fifo_billing.undelivered_url)
pulumi.export("ORDERS_FIFO_SHIPPING_QUEUE_URL", orders_fifo_shipping.queue_url)
pulumi.export("ORDERS_FIFO_SHIPPING_DLQ_URL", orders_fifo_shipping.dlq_url)
pulumi.export("ORDERS_FIFO_SHIPPING_UNDELIVERED_URL", orders_fifo_shipping.undelivered_url)
pulumi.export("ORDERS_FIFO_PRODUCER_ROLE_ARN", orders_fifo_producer_role.arn)
pulumi.export("ORDERS_FIFO_BILLING_ROLE_ARN", orders_fifo_billing_role.arn)
pulumi.export("ORDERS_FIFO_SHIPPING_ROLE_ARN", orders_fifo_shipping_role.arn)
pulumi.export("ORDERS_FIFO_OPERATOR_ROLE_ARN", orders_fifo_operator_role.arn)
