"""The ways on which messages about alerts leave Thor."""
