"""A question's bars as tables that tell how well each bar was covered. Loads Arrow."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
from sqlalchemy.orm import Session

from app.api.bar_question import BarQuestion
from app.api.tables import rows_of
from app.clock import instant_text
from app.history.bars import read_bars
from app.history.covered_bars import COVERED_BARS, opening_times, with_coverage
from app.history.holes import Covers, find_holes, read_covers
from app.stores import Stores

STREAM_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class BarPage:
    """Bars with their coverage, the question that they answer, and the one that asks for what follows."""

    bars: pa.Table
    covers: Covers
    answered: BarQuestion
    following: BarQuestion | None


def read_page(session: Session, stores: Stores, question: BarQuestion, limit: int) -> BarPage:
    """The first `limit` bars of a question; errors are those of `read_bars`."""
    if question.source is None:
        return BarPage(COVERED_BARS.empty_table(), {}, question, None)
    wanted = question.wanted
    found = read_bars(session, stores.lake, stores.markets, wanted, source=question.source, limit=limit + 1)
    more = opening_times(found.slice(limit))
    following = question.going_on(more[0]) if more else None
    answered = replace(question, wanted=replace(wanted, end=more[0])) if more else question
    days = [hours.day for hours in answered.wanted.sessions(stores.markets)]
    covers = read_covers(session, stores.market, question.source, days, wanted.known_until)
    return BarPage(with_coverage(found.slice(0, limit), covers), covers, answered, following)


def stream_pages(stores: Stores, question: BarQuestion) -> Iterator[pa.Table]:
    """All bars of a question, page by page, each in a transaction of its own."""
    following: BarQuestion | None = question
    while following is not None:
        with stores.sessions() as session:
            page = read_page(session, stores, following, STREAM_ROWS)
        yield page.bars
        following = page.following


def json_of(stores: Stores, question: BarQuestion, page: BarPage) -> dict[str, Any]:
    """A page as the body of a JSON answer."""
    wanted, following = page.answered.wanted, page.following
    opened = opening_times(page.bars)
    holes = find_holes(wanted.sessions(stores.markets), wanted, opened, page.covers)
    return {
        "symbol": wanted.symbol,
        "timeframe": wanted.timeframe,
        "source": question.source,
        "sources": question.sources,
        "start": instant_text(question.wanted.start),
        "end": instant_text(question.wanted.end),
        "bars": rows_of(page.bars.drop_columns(["symbol", "session_date"])),
        "holes": [
            {"from": instant_text(hole.start), "to": instant_text(hole.end), "label": hole.label} for hole in holes
        ],
        "truncated": following is not None,
        "next_start": instant_text(following.wanted.start) if following else None,
        "next_cursor": following.cursor() if following else None,
    }
