"""A question's bars as tables that tell how well each bar was covered. Loads Arrow."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy.orm import Session

from app.api.bar_question import BarQuestion, require_bars
from app.api.last_question import LastQuestion
from app.api.tables import rows_of
from app.clock import instant_text
from app.history.bars import stream_sessions
from app.history.covered_bars import COVERED_BARS, opening_times, with_coverage
from app.history.forming import FormingBar
from app.history.holes import Covers, find_holes, read_covers
from app.history.last_bars import read_last_bars
from app.history.session_bars import BAR_TABLE
from app.stores import Stores

STREAM_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class BarPage:
    """Bars with their coverage, the question that they answer, and the one that asks for what follows.

    `forming` is the bar that runs, where it was asked for; `previous_end` is where the bars before the last ones end.
    """

    bars: pa.Table
    covers: Covers
    answered: BarQuestion
    following: BarQuestion | None = None
    forming: FormingBar | None = None
    previous_end: datetime | None = None


def read_page(session: Session, stores: Stores, question: BarQuestion, limit: int) -> BarPage:
    """The first `limit` bars of a question; errors are those of `read_bars`."""
    if question.source is None:
        return BarPage(COVERED_BARS.empty_table(), {}, question)
    found, forming = _read(session, stores, question, limit + 1)
    more = opening_times(found.slice(limit))
    following = question.going_on(more[0]) if more else None
    answered = replace(question, wanted=replace(question.wanted, end=more[0])) if more else question
    return _covered(session, stores, BarPage(found.slice(0, limit), {}, answered, following, forming))


def read_last(session: Session, stores: Stores, question: LastQuestion) -> BarPage:
    """The last bars before an instant; NotFound when the symbol has none and no ticks, else as `read_last_bars`."""
    wanted = question.wanted
    found = read_last_bars(
        session, stores.lake, stores.markets, wanted, question.count, question.source, question.choose
    )
    if found.previous_end is None and not found.bars.num_rows:
        require_bars(session, stores, wanted.symbol, wanted.timeframe, wanted.known_until)
    answered = BarQuestion(found.wanted, found.source, found.sources, question.at, question.forming)
    forming = found.forming if question.forming else None
    return _covered(session, stores, BarPage(found.bars, {}, answered, None, forming, found.previous_end))


def stream_pages(stores: Stores, question: BarQuestion) -> Iterator[pa.Table]:
    """All bars of a question, page by page, each in a transaction of its own."""
    following: BarQuestion | None = question
    while following is not None:
        with stores.sessions() as session:
            page = read_page(session, stores, following, STREAM_ROWS)
        yield page.bars
        following = page.following


def json_of(stores: Stores, question: BarQuestion, page: BarPage) -> dict[str, Any]:
    """A page of a question as the body of a JSON answer."""
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
        "forming": _forming(page.forming) if page.forming else None,
        "truncated": following is not None,
        "next_start": instant_text(following.wanted.start) if following else None,
        "next_cursor": following.cursor() if following else None,
        "previous_end": instant_text(page.previous_end) if page.previous_end else None,
    }


def _read(session: Session, stores: Stores, question: BarQuestion, rows: int) -> tuple[pa.Table, FormingBar | None]:
    wanted, source = question.wanted, question.source or ""
    tables, forming = [BAR_TABLE.empty_table()], None
    for found in stream_sessions(session, stores.lake, stores.markets, wanted, source=source):
        tables.append(found.closed(wanted, source))
        if sum(table.num_rows for table in tables) >= rows:
            return pa.concat_tables(tables).slice(0, rows), None
        forming = found.forming(wanted, source) if question.forming else None
    return pa.concat_tables(tables), forming


def _covered(session: Session, stores: Stores, page: BarPage) -> BarPage:
    wanted, source = page.answered.wanted, page.answered.source
    if source is None:
        return replace(page, bars=COVERED_BARS.empty_table())
    days = [hours.day for hours in wanted.sessions(stores.markets)]
    covers = read_covers(session, stores.market, source, days, wanted.known_until)
    return replace(page, bars=with_coverage(page.bars, covers), covers=covers)


def _forming(found: FormingBar) -> dict[str, Any]:
    (row,) = rows_of(found.bar.drop_columns(["symbol", "session_date"]))
    return {**row, "coverage": None, "through": instant_text(found.through.ts), "through_seq": str(found.through.seq)}
