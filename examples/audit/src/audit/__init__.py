"""audit: Fanout on Amazon SNS → SQS."""
