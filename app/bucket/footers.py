"""The end of a Parquet file, by which a reader knows that it reads the file which is recorded."""

import hashlib
from typing import Final

from app.errors import Conflict

MAGIC: Final = b"PAR1"
MARK_BYTES: Final = 4 + len(MAGIC)


def footer_size(end: bytes) -> int:
    """How many bytes at the end of a file are its footer, with the length and the mark after it, by its last eight.

    Conflict when it is no Parquet file.
    """
    if len(end) < MARK_BYTES or not end.endswith(MAGIC):
        raise Conflict("it is no Parquet file")
    return int.from_bytes(end[-MARK_BYTES:-4], "little") + MARK_BYTES


def footer_digest(data: bytes) -> str:
    """The SHA-256 of the footer at the end of `data`, which holds it whole; Conflict when it does not."""
    size = footer_size(data)
    if size > len(data):
        raise Conflict("its footer is longer than the file")
    return hashlib.sha256(data[-size:]).hexdigest()
