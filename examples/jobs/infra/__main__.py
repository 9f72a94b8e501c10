"""jobs: work queue on Amazon SQS.

    producer ──> jobs ──> consumer    src/jobs/handlers/consumer.py

Beside the queue stands its `-dlq`: what the handler gave up on.
What differs between the stacks: Pulumi.<stack>.yaml. Why each value: README, "Settings".
"""

import pulumi

from components import AlarmTopic, AlarmTopicArgs, Queue, QueueArgs, Role, RoleArgs

config = pulumi.Config()
keep = config.require_bool("keep")

alarms = AlarmTopic("alarms", AlarmTopicArgs(enabled=config.require_bool("alarms"), keep=keep))

jobs = Queue("jobs", QueueArgs(keep=keep, alarm_topic_arn=alarms.topic_arn))

# Who may do what: each process has only the rights named here.
jobs_producer_role = Role("jobs-producer", RoleArgs(policies=[jobs.send_policy]))
jobs_consumer_role = Role("jobs-consumer", RoleArgs(policies=[jobs.consume_policy]))
jobs_operator_role = Role("jobs-operator", RoleArgs(policies=[jobs.redrive_policy]))

# The environment of the processes: README, "Deploy".
pulumi.export("ALARMS_TOPIC_ARN", alarms.topic_arn)
pulumi.export("JOBS_QUEUE_URL", jobs.url)
pulumi.export("JOBS_DLQ_URL", jobs.dlq_url)
pulumi.export("JOBS_PRODUCER_ROLE_ARN", jobs_producer_role.arn)
pulumi.export("JOBS_CONSUMER_ROLE_ARN", jobs_consumer_role.arn)
pulumi.export("JOBS_OPERATOR_ROLE_ARN", jobs_operator_role.arn)
