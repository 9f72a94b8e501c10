"""orders: Fanout on Amazon SNS → SQS."""
