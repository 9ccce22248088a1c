"""The gate before every page and endpoint: who asks, whether they may, and what they did."""
