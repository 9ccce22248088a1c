"""The lake: years of ticks and bars in Parquet files."""
