"""The task queue: one module per queue, each task a look-up and one call."""
