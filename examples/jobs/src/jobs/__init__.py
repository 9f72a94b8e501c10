"""jobs: Work queue on Amazon SQS."""
