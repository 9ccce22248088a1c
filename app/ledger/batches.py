"""Which entries of the stream were committed, so that none is counted twice. Nothing here commits.

A stream id is a number here: its milliseconds * 2**64 + its part.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg2.extensions import QuotedString
from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Numeric

from app.ledger.models import IngestBatch

_PART: Final = 2**64
_COLUMNS: Final = "consumer, first_id, last_id, entries"
_NUMBERS: Final = ARRAY(Numeric(40, 0))


def id_number(stream_id: str | bytes) -> int:
    """A stream id such as 1760000000000-3 as a number; ids and their numbers have the same order."""
    ms, _, part = (stream_id.decode() if isinstance(stream_id, bytes) else stream_id).partition("-")
    return int(ms) * _PART + int(part or 0)


def id_text(number: int) -> str:
    """The stream id of a number."""
    return f"{number // _PART}-{number % _PART}"


def recording(consumer: str, first: int, last: int, entries: int) -> str:
    """The statement that remembers a batch: all that the group was ever given between `first` and `last`.

    It is text, so that it can go to the database together with the rows of the batch.
    """
    name = QuotedString(consumer).getquoted().decode()
    return f"INSERT INTO ingest_batches ({_COLUMNS}) VALUES ({name}, {first:d}, {last:d}, {entries:d})"  # noqa: S608


def record_each(session: Session, consumer: str, numbers: Sequence[int]) -> None:
    """Remember entries one by one, because others may have been given those between them."""
    if numbers:
        one = func.unnest(literal(list(numbers), _NUMBERS)).column_valued("one")
        rows = select(literal(consumer), one, one, literal(1))
        session.execute(insert(IngestBatch).from_select(_COLUMNS.split(", "), rows, include_defaults=False))


def is_any_committed(session: Session, first: int, last: int) -> bool:
    """Whether a batch was committed that reaches into the ids from `first` to `last`."""
    touching = select(IngestBatch.id).where(IngestBatch.last_id >= first, IngestBatch.first_id <= last)
    return session.scalar(touching.limit(1)) is not None


def committed_within(session: Session, numbers: Iterable[int]) -> set[int]:
    """Those of the entries that were committed before, by anybody."""
    asked = sorted(numbers)
    if not asked:
        return set()
    ranges = select(IngestBatch.first_id, IngestBatch.last_id)
    touched = ranges.where(IngestBatch.last_id >= asked[0], IngestBatch.first_id <= asked[-1])
    firsts, reaches = _staircase(session.execute(touched.order_by(IngestBatch.first_id)).all())
    return {number for number in asked if (at := bisect_right(firsts, number)) and reaches[at - 1] >= number}


def prune_batches(session: Session, below_id: str) -> int:
    """Forget batches whose entries are all older than `below_id`, so that they never come again; returns how many."""
    gone = delete(IngestBatch).where(IngestBatch.last_id < id_number(below_id))
    pruned: Any = session.execute(gone)
    return int(pruned.rowcount)


def _staircase(ranges: Sequence[Any]) -> tuple[list[int], list[int]]:
    # How far the ranges reach that begin at an id or before it, so that overlapping ones need no second look.
    firsts, reaches, reach = [], [], -1
    for first, last in ranges:
        reach = max(reach, int(last))
        firsts.append(int(first))
        reaches.append(reach)
    return firsts, reaches
