"""Alerts: what is wrong, since when, who knows of it, and to whom it was sent."""
