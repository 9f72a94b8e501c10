"""ledger: exactly once on Apache Kafka.

    producer ──> ledger ──> stage ──> consumer    src/ledger/handlers/consumer.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    ExistingKafka,
    ExistingKafkaArgs,
    KafkaTopic,
    KafkaTopicArgs,
    KafkaUser,
    KafkaUserArgs,
    TransactionalId,
)

config = pulumi.Config()

main = ExistingKafka(
    "main",
    ExistingKafkaArgs(
        bootstrap_servers=config.require("main-bootstrap-servers"),
        admin_password=config.require_secret("main-admin-password"),
    ),
)

ledger_in = KafkaTopic(
    "ledger-in", KafkaTopicArgs(partitions=12), opts=pulumi.ResourceOptions(provider=main.provider)
)
ledger_out = KafkaTopic(
    "ledger-out", KafkaTopicArgs(partitions=12), opts=pulumi.ResourceOptions(provider=main.provider)
)
ledger_transaction = TransactionalId("ledger-transaction")

# Who may do what: each process has only the rights named here.
ledger_producer_role = KafkaUser(
    "ledger-producer",
    KafkaUserArgs(acls=[ledger_in.write_acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
ledger_stage_role = KafkaUser(
    "ledger-stage",
    KafkaUserArgs(acls=[ledger_in.read_acls, ledger_out.write_acls, ledger_transaction.acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
ledger_consumer_role = KafkaUser(
    "ledger-consumer",
    KafkaUserArgs(acls=[ledger_out.read_acls]),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_BOOTSTRAP_SERVERS", main.bootstrap_servers)
pulumi.export("LEDGER_IN_TOPIC", ledger_in.topic_name)
pulumi.export("LEDGER_OUT_TOPIC", ledger_out.topic_name)
pulumi.export("LEDGER_TRANSACTION_TRANSACTIONAL_ID", ledger_transaction.value)
pulumi.export("LEDGER_PRODUCER_USER", ledger_producer_role.username)
pulumi.export("LEDGER_STAGE_USER", ledger_stage_role.username)
pulumi.export("LEDGER_CONSUMER_USER", ledger_consumer_role.username)
