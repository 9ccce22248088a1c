"""Trying a rule on the past, with costs, against chance."""
