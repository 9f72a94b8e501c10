"""Amazon SNS: the topic that a producer sends to."""

from typing import Any

from messaging.sqs import Sender, client, needs, variable


class SnsTopic(Sender):
    """The topic whose ARN is in an environment variable, such as ORDERS_TOPIC_ARN."""

    body = "Message"

    def open(self) -> None:
        """Reads the topic's size limit."""
        if self.address:
            return
        arn = variable(self.variable)
        self.fifo = arn.endswith(".fifo")
        with needs("sns:GetTopicAttributes", arn):
            self.client = client("sns", region=arn.split(":")[3])
            found = self.client.get_topic_attributes(TopicArn=arn)["Attributes"]
        # SNS names its limit only if it is not 256 KiB; it holds for a message and for a batch.
        # https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
        self.batch_bytes = int(found.get("MaximumMessageSize", 262_144))
        self.address = arn

    def _send(self, chunk: Any) -> Any:
        return self.client.publish_batch(TopicArn=self.address, PublishBatchRequestEntries=chunk)
