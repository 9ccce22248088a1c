"""What is traded: the catalogue of futures, and the instruments of the database."""
