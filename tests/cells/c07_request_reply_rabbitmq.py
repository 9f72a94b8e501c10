"""quotes: request-reply on RabbitMQ.

    producer ──> quotes ──> consumer    src/quotes/handlers/consumer.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import QuorumQueue, QuorumQueueArgs, RabbitUser, RabbitUserArgs, VHost, VHostArgs

config = pulumi.Config()

main = VHost(
    "main",
    VHostArgs(
        endpoint=config.require("main-endpoint"),
        admin_password=config.require_secret("main-admin-password"),
    ),
)

quotes = QuorumQueue(
    "quotes",
    QuorumQueueArgs(vhost_name=main.name),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# Who may do what: each process has only the rights named here.
quotes_producer_role = RabbitUser(
    "quotes-producer",
    RabbitUserArgs(
        permissions=[quotes.write_pattern],
        password=config.require_secret("quotes-producer-password"),
    ),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
quotes_consumer_role = RabbitUser(
    "quotes-consumer",
    RabbitUserArgs(
        permissions=[quotes.read_pattern],
        password=config.require_secret("quotes-consumer-password"),
    ),
    opts=pulumi.ResourceOptions(provider=main.provider),
)
quotes_operator_role = RabbitUser(
    "quotes-operator",
    RabbitUserArgs(
        permissions=[quotes.configure_pattern],
        password=config.require_secret("quotes-operator-password"),
    ),
    opts=pulumi.ResourceOptions(provider=main.provider),
)

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_ENDPOINT", main.endpoint)
pulumi.export("QUOTES_QUEUE", quotes.name)
pulumi.export("QUOTES_PRODUCER_USER", quotes_producer_role.username)
pulumi.export("QUOTES_CONSUMER_USER", quotes_consumer_role.username)
pulumi.export("QUOTES_OPERATOR_USER", quotes_operator_role.username)
