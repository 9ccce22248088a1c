from tests.ingesting import drain, ingestor, publisher, running, stored, until_stored

__all__ = ["drain", "ingestor", "publisher", "running", "stored", "until_stored"]
