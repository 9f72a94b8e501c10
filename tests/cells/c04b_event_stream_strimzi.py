"""clicks: event stream on Apache Kafka.

    producer ──> clicks ──┬──> billing    src/clicks/handlers/billing.py
                          └──> search     src/clicks/handlers/search.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    SchemaRegistry,
    SchemaRegistryArgs,
    StrimziGroup,
    StrimziGroupArgs,
    StrimziKafka,
    StrimziOperator,
    StrimziTopic,
    StrimziTopicArgs,
    StrimziUser,
    StrimziUserArgs,
)

config = pulumi.Config()

main_operator = StrimziOperator("main-operator")
main = StrimziKafka("main", opts=pulumi.ResourceOptions(depends_on=[main_operator]))
main_registry = SchemaRegistry(
    "main-registry", SchemaRegistryArgs(url=config.require("main-registry-url"))
)

clicks = StrimziTopic("clicks", StrimziTopicArgs(cluster_name=main.name, partitions=12))
clicks_billing = StrimziGroup("clicks-billing", StrimziGroupArgs(topic_name=clicks.topic_name))
clicks_search = StrimziGroup("clicks-search", StrimziGroupArgs(topic_name=clicks.topic_name))

# Who may do what: each process has only the rights named here.
clicks_producer_role = StrimziUser(
    "clicks-producer", StrimziUserArgs(cluster_name=main.name, acls=[clicks.write_acls])
)
clicks_billing_role = StrimziUser(
    "clicks-billing",
    StrimziUserArgs(cluster_name=main.name, acls=[clicks.read_acls, clicks_billing.group_acls]),
)
clicks_search_role = StrimziUser(
    "clicks-search",
    StrimziUserArgs(cluster_name=main.name, acls=[clicks.read_acls, clicks_search.group_acls]),
)

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_BOOTSTRAP_SERVERS", main.bootstrap_servers)
pulumi.export("CLICKS_TOPIC", clicks.topic_name)
pulumi.export("CLICKS_BILLING_GROUP", clicks_billing.group_id)
pulumi.export("CLICKS_SEARCH_GROUP", clicks_search.group_id)
pulumi.export("MAIN_REGISTRY_URL", main_registry.url)
pulumi.export("CLICKS_PRODUCER_USER", clicks_producer_role.username)
pulumi.export("CLICKS_BILLING_USER", clicks_billing_role.username)
pulumi.export("CLICKS_SEARCH_USER", clicks_search_role.username)
