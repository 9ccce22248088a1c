"""History: the ticks and bars of any range, from the database and the lake as one."""
