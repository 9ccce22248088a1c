"""A client of Thor's API for programs and notebooks; it needs the server's address, and a key to be somebody."""
