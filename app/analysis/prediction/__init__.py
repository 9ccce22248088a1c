"""Predicting a direction, and saying so only when it was shown to work out of sample."""
