"""Ticks in PostgreSQL: every quote event of the last weeks, one partition per trading day."""
