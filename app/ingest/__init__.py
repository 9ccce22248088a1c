"""From the bus into ticks: batches, dead letters, the loop."""
