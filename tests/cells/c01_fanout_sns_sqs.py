"""orders: fanout on Amazon SNS → SQS.

    producer ──> orders ──┬──> billing     src/orders/handlers/billing.py
                          ├──> shipping    src/orders/handlers/shipping.py
                          └──> audit       src/orders/handlers/audit.py

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
orders_cmk = config.require_bool("orders-cmk")

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms")))

orders = Topic("orders", TopicArgs(cmk=orders_cmk, alarm_topic_arn=alarms.topic_arn))
orders_billing = Subscriber(
    "orders-billing",
    SubscriberArgs(topic_arn=orders.arn, cmk=orders_cmk, alarm_topic_arn=alarms.topic_arn),
)
orders_shipping = Subscriber(
    "orders-shipping",
    SubscriberArgs(
        topic_arn=orders.arn,
        filter_policy={"ce_type": ["order.placed"]},
        cmk=orders_cmk,
        visibility_timeout_seconds=60,
        alarm_topic_arn=alarms.topic_arn,
    ),
)
orders_audit = Subscriber(
    "orders-audit",
    SubscriberArgs(
        topic_arn=orders.arn,
        cmk=orders_cmk,
        max_receive_count=config.require_int("orders-audit-max-receive-count"),
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# Who may do what: each process has only the rights named here.
orders_producer_role = Role("orders-producer", RoleArgs(policies=[orders.publish_policy]))
orders_billing_role = Role("orders-billing", RoleArgs(policies=[orders_billing.consume_policy]))
orders_shipping_role = Role("orders-shipping", RoleArgs(policies=[orders_shipping.consume_policy]))
orders_audit_role = Role("orders-audit", RoleArgs(policies=[orders_audit.consume_policy]))
orders_operator_role = Role(
    "orders-operator",
    RoleArgs(
        policies=[
            orders_billing.redrive_policy,
            orders_shipping.redrive_policy,
            orders_audit.redrive_policy,
        ],
    ),
)

# The environment of the processes: README, "Deploy".
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", orders_billing.queue_url)
pulumi.export("ORDERS_SHIPPING_QUEUE_URL", orders_shipping.queue_url)
pulumi.export("ORDERS_AUDIT_QUEUE_URL", orders_audit.queue_url)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_SHIPPING_ROLE_ARN", orders_shipping_role.arn)
pulumi.export("ORDERS_AUDIT_ROLE_ARN", orders_audit_role.arn)
pulumi.export("ORDERS_OPERATOR_ROLE_ARN", orders_operator_role.arn)
