"""orders: retry tiers on Amazon MSK.

    producer ──> orders ──┬──> billing    src/orders/handlers/billing.py
                          └──> search     src/orders/handlers/search.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    MskGroup,
    MskGroupArgs,
    MskServerless,
    MskServerlessArgs,
    Network,
    NetworkArgs,
    Role,
    RoleArgs,
    ServerlessTopic,
    ServerlessTopicArgs,
)

config = pulumi.Config()

main_network = Network(
    "main-network", NetworkArgs(subnet_ids=config.require_object("main-subnet-ids"))
)
alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms")))
main = MskServerless(
    "main", MskServerlessArgs(subnet_ids=main_network.subnet_ids, alarm_topic_arn=alarms.topic_arn)
)

orders = ServerlessTopic(
    "orders",
    ServerlessTopicArgs(cluster_arn=main.arn),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
orders_billing = MskGroup(
    "orders-billing",
    MskGroupArgs(
        cluster_arn=main.arn, topic_name=orders.topic_name, retry_tiers=["1m", "10m", "1h"]
    ),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
orders_search = MskGroup(
    "orders-search",
    MskGroupArgs(
        cluster_arn=main.arn, topic_name=orders.topic_name, retry_tiers=["1m", "10m", "1h"]
    ),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# Who may do what: each process has only the rights named here.
orders_producer_role = Role("orders-producer", RoleArgs(policies=[orders.write_policy]))
orders_billing_role = Role(
    "orders-billing", RoleArgs(policies=[orders.read_policy, orders_billing.group_policy])
)
orders_search_role = Role(
    "orders-search", RoleArgs(policies=[orders.read_policy, orders_search.group_policy])
)

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_BOOTSTRAP_SERVERS", main.bootstrap_servers)
pulumi.export("ORDERS_TOPIC", orders.topic_name)
pulumi.export("ORDERS_BILLING_GROUP", orders_billing.group_id)
pulumi.export("ORDERS_SEARCH_GROUP", orders_search.group_id)
pulumi.export("ORDERS_PRODUCER_ROLE_ARN", orders_producer_role.arn)
pulumi.export("ORDERS_BILLING_ROLE_ARN", orders_billing_role.arn)
pulumi.export("ORDERS_SEARCH_ROLE_ARN", orders_search_role.arn)
