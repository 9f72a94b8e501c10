"""What each consumer of jobs does with an event: one module each, and yours."""
