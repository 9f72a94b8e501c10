"""orders: fanout on Amazon SNS → SQS.

    producer ──> relay ──> orders ──┬──> billing     src/orders/handlers/billing.py
                                    └──> shipping    src/orders/handlers/shipping.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    InboxTable,
    OutboxTable,
    PayloadBucket,
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
    "orders", TopicArgs(fifo=True, large_messages=True, alarm_topic_arn=alarms.topic_arn)
)
orders_billing = Subscriber(
    "orders-billing",
    SubscriberArgs(
        topic_arn=orders.arn, fifo=True, large_messages=True, alarm_topic_arn=alarms.topic_arn
    ),
)
orders_shipping = Subscriber(
    "orders-shipping",
    SubscriberArgs(
        topic_arn=orders.arn, fifo=True, large_messages=True, alarm_topic_arn=alarms.topic_arn
    ),
)
orders_blob_store = PayloadBucket("orders-blob-store")
orders_outbox_table = OutboxTable("orders-outbox-table")
orders_inbox_table = InboxTable("orders-inbox-table")

# Who may do what: each process has only the rights named here.
orders_producer_role = Role(
    "orders-producer", RoleArgs(policies=[orders_outbox_table.write_policy])
)
orders_billing_role = Role(
    "orders-billing",
    RoleArgs(
        policies=[
            orders_billing.consume_policy,
            orders_blob_store.read_policy,
            orders_inbox_table.claim_policy,
        ],
    ),
)
orders_shipping_role = Role(
    "orders-shipping",
    RoleArgs(
        policies=[
            orders_shipping.consume_policy,
            orders_blob_store.read_policy,
            orders_inbox_table.claim_policy,
        ],
    ),
)
orders_operator_role = Role(
    "orders-operator",
    RoleArgs(policies=[orders_billing.redrive_policy, orders_shipping.redrive_policy]),
)
orders_relay_role = Role(
    "orders-relay",
    RoleArgs(
        policies=[
            orders.publish_policy,
            orders_blob_store.write_policy,
            orders_outbox_table.relay_policy,
        ],
    ),
)

# The environment of the processes: README, "Deploy".
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", orders_billing.queue_url)
pulumi.export("ORDERS_SHIPPING_QUEUE_URL", orders_shipping.queue_url)
pulumi.export("ORDERS_BLOB_STORE_BUCKET", orders_blob_store.name)
pulumi.export("ORDERS_OUTBOX_TABLE_NAME", orders_outbox_table.name)
pulumi.export("ORDERS_INBOX_TABLE_NAME", orders_inbox_table.name)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_SHIPPING_ROLE_ARN", orders_shipping_role.arn)
pulumi.export("ORDERS_OPERATOR_ROLE_ARN", orders_operator_role.arn)
pulumi.export("ORDERS_RELAY_ROLE_ARN", orders_relay_role.arn)
