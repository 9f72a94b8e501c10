"""router: content-based router on Amazon SNS → SQS.

    producer ──> router ──┬──> billing    src/router/handlers/billing.py
                          └──> refunds    src/router/handlers/refunds.py

Beside each queue stand its `-dlq` (what the handler gave up on) and its `-undelivered` (what SNS
could not hand over).
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
keep = config.require_bool("keep")
router_cmk = config.require_bool("router-cmk")

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms"), keep=keep))

router = Topic("router", TopicArgs(cmk=router_cmk, keep=keep, alarm_topic_arn=alarms.topic_arn))
router_billing = Subscriber(
    "router-billing",
    SubscriberArgs(
        topic_arn=router.arn,
        filter_policy={"ce_type": ["order.placed"]},
        cmk=router_cmk,
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)
router_refunds = Subscriber(
    "router-refunds",
    SubscriberArgs(
        topic_arn=router.arn,
        filter_policy={"ce_type": ["order.cancelled"]},
        cmk=router_cmk,
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# Who may do what: each process has only the rights named here.
router_producer_role = Role("router-producer", RoleArgs(policies=[router.publish_policy]))
router_billing_role = Role("router-billing", RoleArgs(policies=[router_billing.consume_policy]))
router_refunds_role = Role("router-refunds", RoleArgs(policies=[router_refunds.consume_policy]))
router_operator_role = Role(
    "router-operator",
    RoleArgs(policies=[router_billing.redrive_policy, router_refunds.redrive_policy]),
)

# The environment of the processes: README, "Deploy".
pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)
pulumi.export("ROUTER_TOPIC_ARN", router.arn)
pulumi.export("ROUTER_BILLING_QUEUE_URL", router_billing.queue_url)
pulumi.export("ROUTER_BILLING_DLQ_URL", router_billing.dlq_url)
pulumi.export("ROUTER_BILLING_UNDELIVERED_URL", router_billing.undelivered_url)
pulumi.export("ROUTER_REFUNDS_QUEUE_URL", router_refunds.queue_url)
pulumi.export("ROUTER_REFUNDS_DLQ_URL", router_refunds.dlq_url)
pulumi.export("ROUTER_REFUNDS_UNDELIVERED_URL", router_refunds.undelivered_url)
pulumi.export("ROUTER_PRODUCER_ROLE_ARN", router_producer_role.arn)
pulumi.export("ROUTER_BILLING_ROLE_ARN", router_billing_role.arn)
pulumi.export("ROUTER_REFUNDS_ROLE_ARN", router_refunds_role.arn)
pulumi.export("ROUTER_OPERATOR_ROLE_ARN", router_operator_role.arn)
