"""What a series shows over time: regimes, seasons, forecasts."""
