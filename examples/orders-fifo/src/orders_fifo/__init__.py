"""orders-fifo: Fanout on Amazon SNS → SQS."""
