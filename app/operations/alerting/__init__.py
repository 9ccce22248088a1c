"""Finding what somebody has to know, and telling them."""
