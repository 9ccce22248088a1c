"""Everything on one machine: embedded PostgreSQL and Valkey, and the supervisor behind `flask up`."""
