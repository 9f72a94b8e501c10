"""events: content-based router on Azure Service Bus.

    producer ──> events ──┬──> eu       src/events/handlers/eu.py
                          └──> audit    src/events/handlers/audit.py

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
    ServiceBusTopic,
    ServiceBusTopicArgs,
    Subscription,
    SubscriptionArgs,
)

config = pulumi.Config()

alarms = ActionGroup("alarms", ActionGroupArgs(enabled=config.require_bool("alarms")))
main = Namespace("main", NamespaceArgs(alarm_group_id=alarms.id))

events = ServiceBusTopic("events", ServiceBusTopicArgs(namespace_id=main.id))
events_eu = Subscription(
    "events-eu", SubscriptionArgs(topic_id=events.id, filter_sql="region = 'eu'")
)
events_audit = Subscription("events-audit", SubscriptionArgs(topic_id=events.id))

# Who may do what: each process has only the rights named here.
events_producer_role = Identity("events-producer", IdentityArgs(assignments=[events.send_scope]))
events_eu_role = Identity("events-eu", IdentityArgs(assignments=[events_eu.receive_scope]))
events_audit_role = Identity("events-audit", IdentityArgs(assignments=[events_audit.receive_scope]))
events_operator_role = Identity(
    "events-operator", IdentityArgs(assignments=[events_eu.manage_scope, events_audit.manage_scope])
)

# The environment of the processes: README, "Deploy".
pulumi.export("MAIN_NAMESPACE", main.fully_qualified)
pulumi.export("EVENTS_TOPIC", events.name)
pulumi.export("EVENTS_EU_SUBSCRIPTION", events_eu.name)
pulumi.export("EVENTS_AUDIT_SUBSCRIPTION", events_audit.name)
pulumi.export("EVENTS_PRODUCER_CLIENT_ID", events_producer_role.client_id)
pulumi.export("EVENTS_EU_CLIENT_ID", events_eu_role.client_id)
pulumi.export("EVENTS_AUDIT_CLIENT_ID", events_audit_role.client_id)
pulumi.export("EVENTS_OPERATOR_CLIENT_ID", events_operator_role.client_id)
