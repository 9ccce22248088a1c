"""Looking at an installation: what is well, what is not, how bad that is, and what to do about it."""
