"""Rows of work and their results."""
