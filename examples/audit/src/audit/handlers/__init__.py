"""What each consumer of audit does with an event: one module each, and yours."""
