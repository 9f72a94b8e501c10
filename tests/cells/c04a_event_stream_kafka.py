"""clicks: event stream on Apache Kafka.

    producer ──> clicks ──┬──> billing    src/clicks/handlers/billing.py
                          └──> search     src/clicks/handlers/search.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    ExistingKafka,
    ExistingKafkaArgs,
    KafkaGroup,
    KafkaGroupArgs,
    KafkaTopic,
    KafkaTopicArgs,
    KafkaUser,
    KafkaUserArgs,
    SchemaRegistry,
    SchemaRegistryArgs,
)

config = pulumi.Config()

main = ExistingKafka(
    "main",
    ExistingKafkaArgs(
        bootstrap_servers=config.require("main-bootstrap-servers"),
        admin_password=config.require_secret("main-admin-password"),
    ),
)
main_registry = SchemaRegistry(
    "main-registry", SchemaRegistryArgs(url=config.require("main-registry-url"))
)

clicks = KafkaTopic(
    "clicks", KafkaTopicArgs(partitions=12), opts=pulumi.ResourceOptions(provider=main.provider)
)
clicks_billing = KafkaGroup(
    "clicks-billing",
    KafkaGroupArgs(topic_name=clicks.topic_name),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
clicks_search = KafkaGroup(
    "clicks-search",
    KafkaGroupArgs(topic_name=clicks.topic_name),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# Who may do what: each process has only the rights named here.
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
clicks_search_role = KafkaUser(
    "clicks-search",
    KafkaUserArgs(acls=[clicks.read_acls, clicks_search.group_acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
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
