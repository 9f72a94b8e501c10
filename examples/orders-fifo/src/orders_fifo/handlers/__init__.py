"""What each consumer of orders-fifo does with an event: one module each, and yours."""
