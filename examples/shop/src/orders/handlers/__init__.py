"""What each consumer of orders does with an event: one module each, and yours."""
