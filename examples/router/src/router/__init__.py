"""router: Content-based router on Amazon SNS → SQS."""
