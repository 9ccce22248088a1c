"""From ticks to the lake: daily files and bars."""
