"""A batch on its way from the stream to the database, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bus.groups import Entry
from app.ingest.rows import Reject, Rows


@dataclass(frozen=True)
class Batch:
    """Entries read together, with what they come to.

    `seen_before`: delivered earlier, so perhaps stored already; otherwise they are all that the group was ever given
    between the first and the last of them. `generation` is that of the stream.
    """

    entries: Sequence[Entry]
    rows: Rows
    seen_before: bool = False
    generation: str = "none"


@dataclass(frozen=True)
class Stored:
    """What became of a batch, counted in entries; `duplicates` are those whose event was stored already.

    `trimmed` were gone before anybody stored them.
    """

    read: int
    written: int
    duplicates: int
    trimmed: int
    rejects: Sequence[Reject]
