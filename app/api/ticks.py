"""GET /api/ticks: stored ticks of any range, wherever they are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.cursors import TickCursor, in_micros, read_cursor, require_same, write_cursor
from app.api.negotiation import JSON, asked_form, vary_by_accept
from app.api.page_shapes import BULK_LIMIT
from app.api.pages import answer_tables, link_next, open_forms, require_json_limit
from app.api.query import WrongField
from app.api.tick_shapes import CSV_EXAMPLE, TICKS_EXAMPLE, TicksAnswer, TicksQuery
from app.clock import instant_text
from app.errors import NotFound
from app.lake.models import LakeFile
from app.market.timetable import instant_of
from app.runtime import Runtime, runtime
from app.ticks.models import COLUMNS
from app.ticks.reading import unknown_symbols
from app.ticks.slices import TickKey

if TYPE_CHECKING:
    import pyarrow as pa

ticks = APIBlueprint("ticks", __name__, url_prefix="/api", tag="Ticks")

SPAN_LIMIT: Final = timedelta(days=366)
PAGE_ROWS: Final = 50_000
OPENAPI: Final[Any] = {
    200: open_forms(CSV_EXAMPLE),
    400: "A parameter is wrong, or the cursor is not ours",
    404: "The symbol has no ticks",
    406: "Accept names no form that there is",
    409: "A file of the lake is damaged",
}


@ticks.after_request
def tell_caches(answer: Response) -> Response:
    """As `vary_by_accept`, errors too."""
    return vary_by_accept(answer)


@dataclass(frozen=True, slots=True)
class TickQuestion:
    """What is asked of the ticks, understood: instants are UTC, the range is half-open."""

    symbol: str
    source: str | None
    start: datetime
    end: datetime
    after: TickKey | None
    columns: tuple[str, ...]
    limit: int | None

    def cursor_after(self, key: TickKey) -> str:
        """The cursor with which the question goes on after a tick."""
        made = TickCursor.model_validate(
            {
                "symbol": self.symbol,
                "source": self.source,
                "start_us": in_micros(self.start),
                "end_us": in_micros(self.end),
                "ts_us": in_micros(key.ts),
                "seq": key.seq,
                "last_source": key.source,
            }
        )
        return write_cursor(made)


@ticks.get("/ticks")
@ticks.input(TicksQuery, location="query", arg_name="query")
@ticks.output(TicksAnswer, example=TICKS_EXAMPLE)
@ticks.doc(
    operation_id="getTicks",
    responses=OPENAPI,
)
def list_ticks(query: TicksQuery) -> Response:
    """Ticks of a symbol

    Those with `ts` in `[start, end)`, at most 366 days apart, in the order of (ts, seq, source), each once, whether
    they are in the database or in the lake. `end` is the present when unset; with `at` nothing is later than that.
    Where `limit` cuts the answer, `next_cursor` leads on: no tick comes twice, and of those that arrive meanwhile only
    late ones, which sort before the place where the page ended, are missed.
    """
    form, rt = asked_form(), runtime()
    require_json_limit(form, query.limit)
    question = _understood(query, query.at or rt.clock.now(), BULK_LIMIT if form == JSON else None)
    if question.limit is None:
        return _stream(rt, question, form)
    return _answer_page(rt, question, form, question.limit)


def _answer_page(rt: Runtime, question: TickQuestion, form: str, limit: int) -> Response:
    from app.api.tables import rows_of
    from app.history.order import key_at
    from app.history.ticks import tick_schema

    table = _read(rt, question, limit + 1)
    page = table.slice(0, limit)
    cursor = question.cursor_after(key_at(page, -1)) if table.num_rows > limit else None
    page = page.select(question.columns)
    if form == JSON:
        answer = jsonify(
            symbol=question.symbol,
            source=question.source,
            start=instant_text(question.start),
            end=instant_text(question.end),
            ticks=rows_of(page),
            next_cursor=cursor,
        )
    else:
        answer = answer_tables(form, [page], tick_schema(question.columns), f"{question.symbol}_ticks")
    return link_next(answer, cursor)


def _stream(rt: Runtime, question: TickQuestion, form: str) -> Response:
    from app.history.ticks import check_files, tick_schema

    with rt.sessions() as session:
        check_files(session, rt.lake, rt.market, question.symbol, question.start, question.end)
    tables = (table.select(question.columns) for table in _pages(rt, question))
    return answer_tables(form, tables, tick_schema(question.columns), f"{question.symbol}_ticks")


def _pages(rt: Runtime, question: TickQuestion) -> Iterator["pa.Table"]:
    # A transaction for each page: a client that takes its time holds nothing up.
    from app.history.order import key_at

    while True:
        table = _read(rt, question, PAGE_ROWS)
        if table.num_rows:
            yield table
        if table.num_rows < PAGE_ROWS:
            return
        question = replace(question, after=key_at(table, -1))


def _read(rt: Runtime, question: TickQuestion, limit: int) -> "pa.Table":
    # DuckDB and Arrow take half a second and 100 MB to load: the first answer does, not the start.
    from app.history.order import KEY_COLUMNS
    from app.history.ticks import read_ticks

    with rt.sessions() as session:
        table = read_ticks(
            session,
            rt.lake,
            rt.market,
            question.symbol,
            question.start,
            question.end,
            source=question.source,
            columns=list(dict.fromkeys([*question.columns, *KEY_COLUMNS])),
            after=question.after,
            limit=limit,
        )
        if not table.num_rows and question.after is None and not _is_known(session, question.symbol):
            raise NotFound(f"no tick of {question.symbol} is stored: `flask status` shows which symbols there are")
    return table


def _is_known(session: Session, symbol: str) -> bool:
    in_lake = select(LakeFile.id).where(LakeFile.symbol == symbol).limit(1)
    return session.scalar(in_lake) is not None or not unknown_symbols(session, [symbol])


def _understood(query: TicksQuery, now: datetime, default_limit: int | None) -> TickQuestion:
    columns = tuple(query.columns or COLUMNS)
    limit = query.limit or default_limit
    if query.cursor is not None:
        found = read_cursor(query.cursor, TickCursor)
        end = min(query.end, query.at or query.end) if query.end else None
        require_same(found, symbol=query.symbol, source=query.source, start=query.start, end=end)
        if query.at is not None and query.at < found.end:
            raise WrongField("at", "it is not that of the cursor: leave it out, or ask anew without the cursor")
        after = TickKey(instant_of(found.ts_us), found.seq, found.last_source)
        return TickQuestion(query.symbol, found.source, found.start, found.end, after, columns, limit)
    if query.start is None:
        raise WrongField("start", "it is missing: give the first instant, such as 2025-10-09T13:30:00Z, or a cursor")
    end = min(query.end or now, query.at or datetime.max.replace(tzinfo=UTC))
    if query.start >= end:
        raise WrongField("end", f"start {instant_text(query.start)} is not before end {instant_text(end)}")
    if end - query.start > SPAN_LIMIT:
        raise WrongField("end", f"start and end are more than {SPAN_LIMIT.days} days apart: ask for fewer at a time")
    return TickQuestion(query.symbol, query.source, query.start, end, None, columns, limit)
