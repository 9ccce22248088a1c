"""What is known of a file of the lake; light to import, unlike what finds it out."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file holds: times are those of its time column, UTC; `bytes` and `sha256` are of the whole file."""

    rows: int
    min_ts: datetime
    max_ts: datetime
    min_seq: int | None
    max_seq: int | None
    bytes: int
    sha256: str


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
