"""Sources of quotes, each publishing to the bus."""
