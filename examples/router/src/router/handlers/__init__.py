"""What each consumer of router does with an event: one module each, and yours."""
