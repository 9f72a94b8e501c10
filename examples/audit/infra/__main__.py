"""audit: fanout on Amazon SNS → SQS.

    ssm:/shop/orders/topic-arn ──> audit    src/audit/handlers/audit.py

Beside each queue stand its `-dlq` (what the handler gave up on) and its `-undelivered` (what SNS
could not hand over).
What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    ExistingTopic,
    ExistingTopicArgs,
    Role,
    RoleArgs,
    Subscriber,
    SubscriberArgs,
)

config = pulumi.Config()
keep = config.require_bool("keep")

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms"), keep=keep))

audit = ExistingTopic("audit", ExistingTopicArgs(reference="ssm:/shop/orders/topic-arn"))
audit_audit = Subscriber(
    "audit-audit",
    SubscriberArgs(
        topic_arn=audit.arn,
        cmk=config.require_bool("audit-cmk"),
        keep=keep,
        alarm_topic_arn=alarms.topic_arn,
    ),
)

# Who may do what: each process has only the rights named here.
audit_audit_role = Role("audit-audit", RoleArgs(policies=[audit_audit.consume_policy]))
audit_operator_role = Role("audit-operator", RoleArgs(policies=[audit_audit.redrive_policy]))

# The environment of the processes: README, "Deploy".
pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)
pulumi.export("AUDIT_AUDIT_QUEUE_URL", audit_audit.queue_url)
pulumi.export("AUDIT_AUDIT_DLQ_URL", audit_audit.dlq_url)
pulumi.export("AUDIT_AUDIT_UNDELIVERED_URL", audit_audit.undelivered_url)
pulumi.export("AUDIT_AUDIT_ROLE_ARN", audit_audit_role.arn)
pulumi.export("AUDIT_OPERATOR_ROLE_ARN", audit_operator_role.arn)
