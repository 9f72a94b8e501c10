"""shop.

    producer ──> orders ──┬──> billing     src/orders/handlers/billing.py
                          └──> shipping    src/orders/handlers/shipping.py

    producer ──> clicks ──> billing    src/clicks/handlers/billing.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    ExistingKafka,
    ExistingKafkaArgs,
    KafkaGroup,
    KafkaGroupArgs,
    KafkaTopic,
    KafkaTopicArgs,
    KafkaUser,
    KafkaUserArgs,
    Role,
    RoleArgs,
    Subscriber,
    SubscriberArgs,
    Topic,
    TopicArgs,
)

config = pulumi.Config()

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms")))
main = ExistingKafka(
    "main",
    ExistingKafkaArgs(
        bootstrap_servers=config.require("main-bootstrap-servers"),
        admin_password=config.require_secret("main-admin-password"),
    ),
)

# orders: fanout on Amazon SNS → SQS
orders = Topic("orders", TopicArgs(alarm_topic_arn=alarms.topic_arn))
orders_billing = Subscriber(
    "orders-billing", SubscriberArgs(topic_arn=orders.arn, alarm_topic_arn=alarms.topic_arn)
)
orders_shipping = Subscriber(
    "orders-shipping", SubscriberArgs(topic_arn=orders.arn, alarm_topic_arn=alarms.topic_arn)
)

# clicks: event stream on Apache Kafka
clicks = KafkaTopic(
    "clicks",
    KafkaTopicArgs(partitions=12, retention_seconds=config.require_int("clicks-retention-seconds")),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
clicks_billing = KafkaGroup(
    "clicks-billing",
    KafkaGroupArgs(topic_name=clicks.topic_name),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# Who may do what: each process has only the rights named here.
orders_producer_role = Role("orders-producer", RoleArgs(policies=[orders.publish_policy]))
orders_billing_role = Role("orders-billing", RoleArgs(policies=[orders_billing.consume_policy]))
orders_shipping_role = Role("orders-shipping", RoleArgs(policies=[orders_shipping.consume_policy]))
orders_operator_role = Role(
    "orders-operator",
    RoleArgs(policies=[orders_billing.redrive_policy, orders_shipping.redrive_policy]),
)
clicks_producer_role = KafkaUser(
    "clicks-producer",
    KafkaUserArgs(acls=[clicks.write_acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
clicks_billing_role = KafkaUser(
    "clicks-billing",
    KafkaUserArgs(acls=[clicks.read_acls, clicks_billing.group_acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# The environment of the processes: README, "Deploy".
pulumi.export("ORDERS_TOPIC_ARN", orders.arn)
pulumi.export("ORDERS_BILLING_QUEUE_URL", orders_billing.queue_url)
pulumi.export("ORDERS_SHIPPING_QUEUE_URL", orders_shipping.queue_url)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_SHIPPING_ROLE_ARN", orders_shipping_role.arn)
pulumi.export("ORDERS_OPERATOR_ROLE_ARN", orders_operator_role.arn)
pulumi.export("MAIN_BOOTSTRAP_SERVERS", main.bootstrap_servers)
pulumi.export("CLICKS_TOPIC", clicks.topic_name)
pulumi.export("CLICKS_BILLING_GROUP", clicks_billing.group_id)
pulumi.export("CLICKS_PRODUCER_USER", clicks_producer_role.username)
pulumi.export("CLICKS_BILLING_USER", clicks_billing_role.username)
