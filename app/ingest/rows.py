"""From stream entries to rows of COPY: a fast form for what Thor's own publishers write, a strict one for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

from app.bus.groups import Entry
from app.clock import instant_text
from app.errors import Rejected
from app.ingest.columns import COLUMNS, ColumnReader
from app.ingest.fields import text_fields
from app.market.market import Market
from app.quotes import CLOCK_TOLERANCE, from_fields, to_fields


@dataclass(frozen=True)
class Reject:
    """An entry that cannot be stored, and why."""

    id: bytes
    reason: str
    words: list[bytes]


@dataclass
class Rows:
    """What a batch of entries comes to: rows with their ids, days they belong to, rejects, and ids with no content."""

    lines: list[bytes] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)
    trimmed: list[bytes] = field(default_factory=list)


class RowMaker:
    """Turns entries into rows; remembers what it met last."""

    def __init__(self, calendar: Market) -> None:
        self._calendar = calendar
        self._columns = ColumnReader(calendar)

    def session_of(self, ts: datetime) -> date:
        """The trading day of an instant; Rejected outside of the calendar."""
        return self._calendar.session_of(ts)

    def rows(self, entries: Sequence[Entry], now: datetime, *, strict: bool = False) -> Rows:
        """Sort the entries into rows and rejects, in their order; a reject never costs its neighbours.

        `strict` reads every field for itself, for a batch that the database refused.
        """
        if strict:
            return self._sorted(entries, [None] * len(entries), Rows(), now)
        latest = instant_text(now + CLOCK_TOLERANCE).encode()
        lines, days = self._columns.read([words for _entry_id, words in entries], latest)
        if None not in lines:
            return Rows(cast(list[bytes], lines), [entry_id for entry_id, _words in entries], days)
        return self._sorted(entries, lines, Rows(days=days), now)

    def _sorted(self, entries: Sequence[Entry], lines: Sequence[bytes | None], made: Rows, now: datetime) -> Rows:
        for (entry_id, words), line in zip(entries, lines, strict=True):
            if words is None:
                made.trimmed.append(entry_id)
                continue
            if line is None:
                try:
                    line, day = self._read_strictly(words, now)
                except Rejected as error:
                    made.rejects.append(Reject(entry_id, str(error), words))
                    continue
                made.days.add(day)
            made.lines.append(line)
            made.ids.append(entry_id)
        return made

    def _read_strictly(self, words: list[bytes], now: datetime) -> tuple[bytes, date]:
        quote = from_fields(text_fields(words), now, self._calendar.session_of)
        fields = to_fields(quote)
        known = dict(zip(fields[::2], fields[1::2], strict=True))
        return "\t".join(known.get(name, r"\N") for name in COLUMNS).encode() + b"\n", quote.session_date
