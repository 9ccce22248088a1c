"""Null and planted tests: what the statistics say of chance alone, and whether they find what is there."""
