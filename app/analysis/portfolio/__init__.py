"""What symbols show together: correlation, diversification, weights, ranks."""
