"""A project on disk: the one place that writes, what it records, and how it differs."""
