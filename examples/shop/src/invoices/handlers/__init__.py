"""What each consumer of invoices does with an event: one module each, and yours."""
