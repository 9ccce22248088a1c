"""Looking a quote up among the stored ticks by its identity, and comparing what the two say of the market."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.quotes import PRICE_FIELDS, SIZE_FIELDS, Quote
from app.ticks.models import Tick

# What two events with one identity must agree on; when and how each arrived is another matter.
CONTENT: Final = ("contract", *PRICE_FIELDS, *SIZE_FIELDS, "trade", "delayed")


def find_content(session: Session, quote: Quote) -> dict[str, object] | None:
    """What the stored tick with the quote's identity says by the names of `CONTENT`; None when there is none."""
    identity = (Tick.symbol == quote.symbol, Tick.ts == quote.ts, Tick.source == quote.source, Tick.seq == quote.seq)
    tick = session.scalar(select(Tick).where(*identity, Tick.session_date == quote.session_date))
    return None if tick is None else {name: getattr(tick, name) for name in CONTENT}


def differing_fields(content: Mapping[str, object], quote: Quote) -> list[str]:
    """The fields of `CONTENT` in which a stored tick and a quote say different things; empty when they agree."""
    return [name for name in CONTENT if content[name] != getattr(quote, name)]
