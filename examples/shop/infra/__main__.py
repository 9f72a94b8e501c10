"""shop.

    producer ──> orders ──┬──> billing     src/orders/handlers/billing.py
                          └──> shipping    src/orders/handlers/shipping.py

    producer ──> invoices ──> consumer    src/invoices/handlers/consumer.py

Beside each queue stand its `-dlq` (what the handler gave up on) and its `-undelivered` (what SNS
could not hand over).
Beside the queue stands its `-dlq`: what the handler gave up on.
What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    Queue,
    QueueArgs,
    Role,
    RoleArgs,
    Subscriber,
    SubscriberArgs,
    Topic,
    TopicArgs,
)

config = pulumi.Config()
keep = config.require_bool("keep")
orders_cmk = config.require_bool("orders-cmk")

alarms = AlarmTopic(
    "alarms",
    AlarmTopicArgs(
        enabled=config.require_bool("alarms"), topic_arn=config.get("alarm-topic"), keep=keep
    ),
)

# orders: fanout on Amazon SNS → SQS
orders = Topic("orders", TopicArgs(cmk=orders_cmk, keep=keep, alarm_topic_arn=alarms.topic_arn))
orders_billing = Subscriber(
    "orders-billing",
    SubscriberArgs(
        topic_arn=orders.arn, cmk=orders_cmk, keep=keep, alarm_topic_arn=alarms.topic_arn
    ),
)
orders_shipping = Subscriber(
    "orders-shipping",
    SubscriberArgs(
        topic_arn=orders.arn,
        cmk=orders_cmk,
        keep=keep,
        max_receive_count=16,
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# invoices: sequential convoy (FIFO) on Amazon SQS
invoices = Queue(
    "invoices",
    QueueArgs(
        fifo=True,
        keep=keep,
        retention_seconds=config.require_int("invoices-retention-seconds"),
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# Who may do what: each process has only the rights named here.
orders_producer_role = Role("orders-producer", RoleArgs(policies=[orders.publish_policy]))
orders_billing_role = Role("orders-billing", RoleArgs(policies=[orders_billing.consume_policy]))
orders_shipping_role = Role("orders-shipping", RoleArgs(policies=[orders_shipping.consume_policy]))
orders_operator_role = Role(
    "orders-operator",
    RoleArgs(policies=[orders_billing.redrive_policy, orders_shipping.redrive_policy]),
)
invoices_producer_role = Role("invoices-producer", RoleArgs(policies=[invoices.send_policy]))
invoices_consumer_role = Role("invoices-consumer", RoleArgs(policies=[invoices.consume_policy]))
invoices_operator_role = Role("invoices-operator", RoleArgs(policies=[invoices.redrive_policy]))

# The environment of the processes: README, "Deploy".
pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", orders_billing.queue_url)
pulumi.export("ORDERS_BILLING_DLQ_URL", orders_billing.dlq_url)
pulumi.export("ORDERS_BILLING_UNDELIVERED_URL", orders_billing.undelivered_url)
pulumi.export("ORDERS_SHIPPING_QUEUE_URL", orders_shipping.queue_url)
pulumi.export("ORDERS_SHIPPING_DLQ_URL", orders_shipping.dlq_url)
pulumi.export("ORDERS_SHIPPING_UNDELIVERED_URL", orders_shipping.undelivered_url)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_SHIPPING_ROLE_ARN", orders_shipping_role.arn)
pulumi.export("ORDERS_OPERATOR_ROLE_ARN", orders_operator_role.arn)
pulumi.export("INVOICES_QUEUE_URL", invoices.url)
pulumi.export("INVOICES_DLQ_URL", invoices.dlq_url)
pulumi.export("INVOICES_PRODUCER_ROLE_ARN", invoices_producer_role.arn)
pulumi.export("INVOICES_CONSUMER_ROLE_ARN", invoices_consumer_role.arn)
pulumi.export("INVOICES_OPERATOR_ROLE_ARN", invoices_operator_role.arn)
