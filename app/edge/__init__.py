"""The outermost ring of the web server: what every answer carries, and what no request may do."""
