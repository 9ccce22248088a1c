"""A session's bars made of its stored ticks, however many those are, and the sources that have any."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from app.history.bar_query import BAR_INPUT, build_bars, build_bars_of
from app.history.bar_range import BarRange
from app.history.forming import Newest
from app.history.set_aside import set_aside
from app.history.ticks import stream_range, tick_schema
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.market import Market
from app.market.sessions import Session as Hours
from app.market.timetable import instant_of
from app.ticks.slices import TickSlice

MEMORY_LIMIT_MB: Final = 256
_NEWEST: Final = "SELECT source, epoch_us(max(ts)), max(seq) FROM {ticks} GROUP BY source"


@dataclass(frozen=True, slots=True)
class TickBars:
    """Bars in the columns of a bar file, and how far the ticks reach of which they are made, by source."""

    bars: pa.Table
    newest: Mapping[str, Newest]


def make_bars(
    session: Session, lake: Lake, market: Market, wanted: BarRange, hours: Hours, source: str | None
) -> TickBars | None:
    """The stored timeframe's bars of a whole session from its ticks before `known_until`; None without any tick.

    They are those of one source, or of all. The last bar of a source may be one that has not closed at `known_until`.
    Errors as of `stream_range`; Unavailable also when the lake's drive fails, and when a single minute has more ticks
    than memory is allowed for.
    """
    known_until = min(hours.close, wanted.known_until)
    part = TickSlice(hours.open, known_until, source, columns=BAR_INPUT)
    with (
        closing(stream_range(session, lake, market, wanted.symbol, part)) as tables,
        set_aside(lake, tables, tick_schema(BAR_INPUT)) as ticks,
    ):
        if not isinstance(ticks, Path) and not ticks.num_rows:
            return None
        with connect(lake, memory_limit_mb=MEMORY_LIMIT_MB, threads=1) as connection:
            return TickBars(_bars(connection, ticks, wanted, hours), _newest(connection, ticks))


def sources_seen(session: Session, lake: Lake, market: Market, symbol: str, seen: Hours) -> set[str]:
    """The sources that have a tick of a symbol in a part of a session; errors as of `stream_range`."""
    part = TickSlice(seen.open, seen.close, columns=("source",))
    found: set[str] = set()
    with closing(stream_range(session, lake, market, symbol, part)) as tables:
        for table in tables:
            found |= set(pc.unique(table.column("source")).to_pylist())
    return found


def _bars(connection: duckdb.DuckDBPyConnection, ticks: pa.Table | Path, wanted: BarRange, hours: Hours) -> pa.Table:
    # No tick is from after `known_until`, and the bar that it cuts is wanted, too.
    question = (wanted.symbol, hours, hours.close, [wanted.stored])
    made = (build_bars if isinstance(ticks, Path) else build_bars_of)(connection, ticks, *question)
    return made[wanted.stored]


def _newest(connection: duckdb.DuckDBPyConnection, ticks: pa.Table | Path) -> dict[str, Newest]:
    if isinstance(ticks, Path):
        found = connection.sql(_NEWEST.format(ticks="read_parquet($path)"), params={"path": str(ticks.absolute())})
    else:
        connection.register("all_ticks", ticks)
        found = connection.sql(_NEWEST.format(ticks="all_ticks"))
    return {source: Newest(instant_of(micros), seq) for source, micros, seq in found.fetchall()}
