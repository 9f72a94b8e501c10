"""orders: ordered on Azure Service Bus.

    producer ──> orders ──> consumer    src/orders/handlers/consumer.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    ActionGroup,
    ActionGroupArgs,
    Identity,
    IdentityArgs,
    Namespace,
    NamespaceArgs,
    ServiceBusQueue,
    ServiceBusQueueArgs,
)

config = pulumi.Config()

alarms = ActionGroup("alarms", ActionGroupArgs(enabled=config.require_bool("alarms")))
main = Namespace("main", NamespaceArgs(sku=config.require("main-sku"), alarm_group_id=alarms.id))

orders = ServiceBusQueue("orders", ServiceBusQueueArgs(namespace_id=main.id, sessions=True))

# Who may do what: each process has only the rights named here.
orders_producer_role = Identity("orders-producer", IdentityArgs(assignments=[orders.send_scope]))
orders_consumer_role = Identity("orders-consumer", IdentityArgs(assignments=[orders.receive_scope]))
orders_operator_role = Identity("orders-operator", IdentityArgs(assignments=[orders.manage_scope]))

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_NAMESPACE", main.fully_qualified)
pulumi.export("ORDERS_QUEUE", orders.name)
pulumi.export("ORDERS_PRODUCER_CLIENT_ID", orders_producer_role.client_id)
pulumi.export("ORDERS_CONSUMER_CLIENT_ID", orders_consumer_role.client_id)
pulumi.export("ORDERS_OPERATOR_CLIENT_ID", orders_operator_role.client_id)
