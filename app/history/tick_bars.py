"""A session's bars made of its stored ticks, however many those are, and the sources that have any."""

from contextlib import closing
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from app.history.bar_query import BAR_INPUT, build_bars, build_bars_of
from app.history.bar_range import BarRange
from app.history.set_aside import set_aside
from app.history.ticks import stream_range, tick_schema
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.market import Market
from app.market.sessions import Session as Hours
from app.ticks.slices import TickSlice

MEMORY_LIMIT_MB: Final = 256


def make_bars(
    session: Session, lake: Lake, market: Market, wanted: BarRange, hours: Hours, source: str | None
) -> pa.Table | None:
    """The bars of a whole session from its ticks before `known_until`, in the columns of a bar file; None without any.

    They are those of one source, or of all. Errors as of `stream_range`; Unavailable also when the lake's drive fails,
    and when a single minute has more ticks than memory is allowed for.
    """
    known_until = min(hours.close, wanted.known_until)
    part = TickSlice(hours.open, known_until, source, columns=BAR_INPUT)
    with (
        closing(stream_range(session, lake, market, wanted.symbol, part)) as tables,
        set_aside(lake, tables, tick_schema(BAR_INPUT)) as ticks,
    ):
        question = (wanted.symbol, hours, known_until, [wanted.timeframe])
        if not isinstance(ticks, Path) and not ticks.num_rows:
            return None
        with connect(lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=1) as connection:
            if isinstance(ticks, Path):
                return build_bars(connection, ticks, *question)[wanted.timeframe]
            return build_bars_of(connection, ticks, *question)[wanted.timeframe]


def sources_seen(session: Session, lake: Lake, market: Market, symbol: str, seen: Hours) -> set[str]:
    """The sources that have a tick of a symbol in a part of a session; errors as of `stream_range`."""
    part = TickSlice(seen.open, seen.close, columns=("source",))
    found: set[str] = set()
    with closing(stream_range(session, lake, market, symbol, part)) as tables:
        for table in tables:
            found |= set(pc.unique(table.column("source")).to_pylist())
    return found
