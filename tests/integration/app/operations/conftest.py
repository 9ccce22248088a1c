from tests.ingesting import add, drain, ingestor, publisher, running, stored, until_stored

__all__ = ["add", "drain", "ingestor", "publisher", "running", "stored", "until_stored"]
