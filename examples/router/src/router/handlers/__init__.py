"""What each consumer of this flow does with an event: one module each, and yours."""
