"""The HTTP edge: quotes, stream, bars and health."""
