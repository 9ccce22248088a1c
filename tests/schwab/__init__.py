"""A stand-in for Schwab: OAuth, user preferences, REST quotes and the streamer, on the loopback of this machine."""
