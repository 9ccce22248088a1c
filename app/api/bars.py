"""GET /api/bars: OHLCV bars from the lake."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from apiflask import APIBlueprint

from app.api.bar_shapes import BARS_EXAMPLE, BarsAnswer, BarsQuery
from app.clock import instant_text
from app.errors import Conflict, NotFound, Rejected
from app.lake.layout import Lake
from app.market.market import Market
from app.runtime import runtime

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)
bars = APIBlueprint("bars", __name__, url_prefix="/api", tag="Bars")

SPAN_LIMIT: Final = timedelta(days=732)
MEMORY_LIMIT_MB: Final = 256
# Real data before replayed and simulated ones.
PREFERENCE: Final = ("SCHWAB", "EXCEL", "REPLAY", "SIMULATED")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@bars.get("/bars")
@bars.input(BarsQuery, location="query", arg_name="query")
@bars.output(BarsAnswer, example=BARS_EXAMPLE)
@bars.doc(
    operation_id="getBars",
    responses={400: "A parameter is wrong", 404: "The symbol has no bars", 409: "A file is damaged"},
)
def list_bars(query: BarsQuery) -> dict[str, object]:
    """Bars of a symbol

    Those that open in `[start, end)`; without both, those of the last session in the lake. Sources are never mixed.
    """
    # DuckDB and Arrow take half a second and 100 MB to load: the first answer does, not the start.
    from app.lake.query import bar_sources, connect, read_bars

    rt = runtime()
    now = query.at or rt.clock.now()
    where = (rt.lake, query.symbol, query.timeframe)
    with _discreet(query), connect(rt.lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=1) as connection:
        start, end = _range(rt.lake, rt.market, query, now)
        sources = bar_sources(connection, *where, start, end)
        source = query.source or _preferred(sources)
        found = read_bars(connection, *where, source, start, end, query.limit + 1) if source in sources else None
    known = [bar for bar in _read(found) if bar["t_close"] <= now] if found is not None else []
    shown, more = known[: query.limit], known[query.limit :]
    return {
        "symbol": query.symbol,
        "timeframe": query.timeframe,
        "source": source,
        "sources": sources,
        "start": instant_text(start),
        "end": instant_text(end),
        "bars": [_answer(bar) for bar in shown],
        "truncated": bool(more),
        "next_start": instant_text(more[0]["t_open"]) if more else None,
    }


@contextmanager
def _discreet(query: BarsQuery) -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        log.error("bars of %s: %s", query.symbol, error)
        # The reason names files of this machine, which are no client's business.
        raise Conflict(f"the bars of {query.symbol} cannot be read: `flask generate-bars` makes them again") from None


def _range(lake: Lake, market: Market, query: BarsQuery, now: datetime) -> tuple[datetime, datetime]:
    days = [file.day for file in lake.bars_files(query.timeframe, date.min, date.max, {query.symbol})]
    if not days:
        raise NotFound(
            f"the lake has no {query.timeframe} bars of {query.symbol}: make them with `flask generate-bars`"
        )
    if query.start is None and query.end is None:
        return _last_session(market, query.symbol, days, now)
    if query.start is None:
        raise Rejected("end is given without start: give both")
    end = query.end or now
    if query.start >= end:
        raise Rejected(f"start {instant_text(query.start)} is not before end {instant_text(end)}")
    if end - query.start > SPAN_LIMIT:
        raise Rejected(f"start and end are more than {SPAN_LIMIT.days} days apart: ask for fewer at a time")
    return query.start, end


def _last_session(market: Market, symbol: str, days: Sequence[date], now: datetime) -> tuple[datetime, datetime]:
    for day in reversed(days):
        hours = market.session(day)
        if hours is not None and hours.open <= now:
            return hours.open, hours.close
    raise NotFound(f"the lake has no bars of {symbol} from before {instant_text(now)}")


def _preferred(sources: Sequence[str]) -> str | None:
    return next((source for source in PREFERENCE if source in sources), None)


def _read(table: "pa.Table") -> Iterator[dict[str, Any]]:
    columns = table.select(["open", "high", "low", "close", "volume", "tick_count", "source"]).to_pylist()
    # Times as plain numbers: as Python objects they would make Arrow load pandas.
    times = (table.column(name).cast("int64").to_pylist() for name in ("t_open", "t_close"))
    for row, *micros in zip(columns, *times, strict=True):
        opened, closed = (_EPOCH + timedelta(microseconds=value) for value in micros)
        yield {"t_open": opened, "t_close": closed, **row}


def _answer(bar: dict[str, Any]) -> dict[str, object]:
    times = {name: instant_text(bar[name]) for name in ("t_open", "t_close")}
    prices = {name: format(bar[name].normalize(), "f") for name in ("open", "high", "low", "close")}
    return {**bar, **times, **prices}
