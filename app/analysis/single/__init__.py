"""What one symbol shows by itself: volatility, trend, indicators, levels, candles."""
