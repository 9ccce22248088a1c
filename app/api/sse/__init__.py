"""Server-sent events: one reader of the stream per process, and a bounded mailbox per client."""
