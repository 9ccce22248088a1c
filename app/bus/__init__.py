"""The bus: live quotes in Redis, between the sources and everything that reads them."""
