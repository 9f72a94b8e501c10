"""changes: change data capture on Amazon Kinesis.

    connector ──> changes ──┬──> billing    src/changes/handlers/billing.py
                            └──> search     src/changes/handlers/search.py

What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    Role,
    RoleArgs,
    Stream,
    StreamArgs,
    StreamReader,
    StreamReaderArgs,
    TableStream,
    TableStreamArgs,
)

config = pulumi.Config()

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms")))

changes = Stream("changes", StreamArgs(alarm_topic_arn=alarms.topic_arn))
changes_billing = StreamReader("changes-billing", StreamReaderArgs(stream_arn=changes.arn))
changes_search = StreamReader("changes-search", StreamReaderArgs(stream_arn=changes.arn))
TableStream(
    "changes-change-source",
    TableStreamArgs(table_name=config.require("changes-table-name"), stream_arn=changes.arn),
)

# Who may do what: each process has only the rights named here.
changes_billing_role = Role(
    "changes-billing", RoleArgs(policies=[changes.get_policy, changes_billing.read_policy])
)
changes_search_role = Role(
    "changes-search", RoleArgs(policies=[changes.get_policy, changes_search.read_policy])
)

# The environment of the processes: README, "Deploy".
pulumi.export("CHANGES_STREAM_NAME", changes.name)
pulumi.export("CHANGES_BILLING_CONSUMER_ARN", changes_billing.arn)
pulumi.export("CHANGES_SEARCH_CONSUMER_ARN", changes_search.arn)
pulumi.export("CHANGES_BILLING_ROLE_ARN", changes_billing_role.arn)
pulumi.export("CHANGES_SEARCH_ROLE_ARN", changes_search_role.arn)
