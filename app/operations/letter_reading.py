"""Reading a dead letter with its correction, as strictly as ingest does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from app.clock import instant_text
from app.errors import Rejected
from app.ingest.letter_fields import Correction, mended_fields
from app.ingest.rows import RowMaker
from app.lake.layout import Lake
from app.ledger.dead_letters import CONFLICT, reason_kind
from app.ledger.models import DeadLetter
from app.market.market import Market
from app.quotes import REQUIRED_FIELDS, Quote, from_fields

ADVICE: Final = "correct it to a seq of its own, or discard it"


@dataclass(frozen=True)
class Terms:
    """By which calendar, against which lake and at which instant a letter is read."""

    market: Market
    lake: Lake
    now: datetime


@dataclass(frozen=True)
class Event:
    """A letter's event: as a quote, and as the row that ticks take."""

    letter: DeadLetter
    quote: Quote
    line: bytes

    @property
    def identity(self) -> dict[str, object]:
        """Under what it is stored, fit for JSON."""
        quote = self.quote
        known = {"symbol": quote.symbol, "source": quote.source, "seq": quote.seq}
        return {**known, "ts": instant_text(quote.ts), "session_date": quote.session_date.isoformat()}

    @property
    def published_as(self) -> tuple[str, str, date]:
        """Source, symbol and trading day of what was published, which a correction does not change."""
        letter, quote = self.letter, self.quote
        if letter.source and letter.symbol and letter.session_date:
            return letter.source, letter.symbol, letter.session_date
        return quote.source, quote.symbol, quote.session_date


def read_event(letter: DeadLetter, terms: Terms) -> Event:
    """The event of a letter with its correction; Rejected, naming the field, when it cannot be stored.

    So is the second of two that contradict each other, unless it was corrected to another identity than the first's.
    """
    correction: Correction = letter.correction or {}
    fields = mended_fields(letter.fields, correction, truncated=letter.truncated)
    words = [word.encode() for pair in fields.items() for word in pair]
    rows = RowMaker(terms.market).rows([(letter.stream_id.encode(), words)], terms.now, strict=True)
    if rows.rejects:
        raise Rejected(rows.rejects[0].reason)
    quote = _quote(fields, terms)
    if reason_kind(letter.reason) == CONFLICT and not _is_another(letter, quote, terms):
        reason = "an event with this symbol, ts, source and seq is stored with other content"
        raise Rejected(f"{CONFLICT}: {reason}: {ADVICE}")
    return Event(letter, quote, rows.lines[0])


def what_is_wrong(letter: DeadLetter, terms: Terms) -> str | None:
    """Why the strict reader still refuses a letter with its correction; None when it would take it."""
    try:
        read_event(letter, terms)
    except Rejected as error:
        return str(error)
    return None


def _quote(fields: Mapping[str, str], terms: Terms) -> Quote:
    return from_fields(fields, terms.now, terms.market.session_of)


def _is_another(letter: DeadLetter, quote: Quote, terms: Terms) -> bool:
    kept: dict[str, Any] = {name: letter.fields[name] for name in REQUIRED_FIELDS if name in letter.fields}
    return _key(_quote(mended_fields(kept, {}, truncated=letter.truncated), terms)) != _key(quote)


def _key(quote: Quote) -> tuple[str, datetime, str, int]:
    return quote.symbol, quote.ts, quote.source, quote.seq
