"""From files of ticks to bars: reading, resampling, contracts, caching."""
