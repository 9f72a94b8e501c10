"""invoices: Sequential convoy (FIFO) on Amazon SQS."""
