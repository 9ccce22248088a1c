"""Exporting a market's part of a trading day as a job does it: ticks that are missing or out of date, then bars."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from app.errors import Conflict, NotFound
from app.instruments.hours import closing_market, sessions_on
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.metrics.families import EXPORT_DURATION, EXPORT_ROWS
from app.metrics.recording import count
from app.metrics.timing import timed
from app.operations.bar_mending import find_old_bars
from app.operations.lake_states import closing_time
from app.operations.tick_counts import tick_counts
from app.stores import Stores
from app.ticks.partitions import existing_partitions

if TYPE_CHECKING:
    from app.export.ticks import DayExport

log = logging.getLogger(__name__)

NOT_TOLD: Final[Mapping[str, datetime]] = MappingProxyType({})


class SessionExport(NamedTuple):
    """An export to ask for: of the symbols whose trading day ends with that market's close."""

    day: date
    market: str


def export_session(stores: Stores, market_name: str, day: date) -> "DayExport":
    """Write the ticks and bars of those symbols to the lake whose trading day ends with a market's close.

    These are the market's own; symbols whose market has no session on the day are exported with the desk's. Files that
    are complete are left alone. Late ticks of a purged day are merged into its files, for all symbols together. What
    killed exports left behind is swept. Files that refuse, because they are damaged or somebody else's, do not keep the
    bars of other symbols from being made: Conflict in the end, with all of them. NotFound when that market has no
    session on that day; Unavailable when disk or database fail.
    """
    with timed(EXPORT_DURATION):
        return _exported(stores, market_name, day)


def exports_of(stores: Stores, day: date, symbols: Iterable[str]) -> list[SessionExport]:
    """The exports that together write those symbols of a trading day, by market."""
    found = {closing_market(stores.markets, symbol, day).name for symbol in symbols}
    return [SessionExport(day, name) for name in sorted(found)]


def stale_exports(stores: Stores) -> list[SessionExport]:
    """The exports that would mend files of sessions that are over: files that lack ticks which came since, that were
    made before their session or their ticks were complete, or that were found damaged; oldest first.

    Counts nothing while large days do not change, as `tick_counts`, and looks through the manifest, as
    `find_old_bars`.
    """
    now = stores.clock.now()
    files = _stored_files(stores)
    begun_to_close = {day for day in files if any(one.close <= now for one in sessions_on(stores.markets, day))}
    counts = tick_counts(stores, begun_to_close) if begun_to_close else {}
    stale = find_old_bars(stores, now)
    for day, stored in counts.items():
        closed = {symbol: close for symbol in stored if (close := closing_time(stores, symbol, day, now)) is not None}
        stale |= {(day, symbol) for symbol in symbols_to_export(stored, files[day], closed) if symbol in closed}
    return sorted({export for day, symbol in stale for export in exports_of(stores, day, [symbol])})


def symbols_to_export(
    counts: Mapping[str, int], files: Sequence[LakeFile], closed: Mapping[str, datetime] = NOT_TOLD
) -> set[str]:
    """The symbols whose tick files an export would bring up to date with the `counts` of a day's ticks stored.

    So it does with files that were taken before their session's close, where `closed` tells that.
    """
    if any(row.purged_at for row in files):
        return set(counts)
    known = {row.symbol: row for row in files}
    return {symbol for symbol, rows in counts.items() if _lacks(known.get(symbol), rows, closed.get(symbol))}


def _exported(stores: Stores, market_name: str, day: date) -> "DayExport":
    # Arrow and DuckDB take a second and 100 MB to load, which whoever only asks what is stale saves.
    from app.export.bars import generate_bars
    from app.export.plan import ExportOptions
    from app.export.ticks import DayExport, export_day
    from app.lake.files import sweep_staging

    if stores.markets.named(market_name).session(day) is None:
        raise NotFound(f"{market_name} has no session on {day}")
    now = stores.clock.now()
    if swept := sweep_staging(stores.lake, now):
        log.info("swept %s files that killed exports left behind", swept)
    options = ExportOptions(
        concerns=lambda symbol: _closes_with(stores, market_name, symbol, day),
        refresh=True,
        closed_at=lambda symbol, on: closing_time(stores, symbol, on, now),
    )
    done, bars, refusals = DayExport(day, ()), [], list[str]()
    with _noting(refusals):
        done = export_day(stores.sessions, stores.lake, day, now, options)
    count(EXPORT_ROWS, by=done.counts()["ticks"])
    with _noting(refusals):
        symbols = _symbols_in_lake(stores, market_name, day)
        bars = generate_bars(stores.sessions, stores.lake, stores.markets, day, now, symbols=symbols)
    if refusals:
        raise Conflict("; ".join(refusals))
    log.info("exported %s of %s: %s; bars of %s symbols", day, market_name, done.counts(), len(bars))
    return done


def _lacks(row: LakeFile | None, stored: int, closed_at: datetime | None) -> bool:
    if row is None or stored > row.rows:
        return True
    is_early = closed_at is not None and row.written_at < closed_at
    return stored == row.rows and (row.damage is not None or is_early)


def _stored_files(stores: Stores) -> dict[date, list[LakeFile]]:
    found: dict[date, list[LakeFile]] = {}
    with stores.sessions() as session:
        days = existing_partitions(session)
        rows = list_files(session, min(days), max(days) + timedelta(days=1)) if days else []
    for row in rows:
        if row.session_date in days:
            found.setdefault(row.session_date, []).append(row)
    return found


def _closes_with(stores: Stores, market_name: str, symbol: str, day: date) -> bool:
    return closing_market(stores.markets, symbol, day).name == market_name


def _symbols_in_lake(stores: Stores, market_name: str, day: date) -> list[str]:
    files = stores.lake.ticks_files(day, day + timedelta(days=1))
    return [file.symbol for file in files if _closes_with(stores, market_name, file.symbol, day)]


@contextmanager
def _noting(refusals: list[str]) -> Iterator[None]:
    try:
        yield
    except (Conflict, NotFound) as refusal:
        refusals.append(str(refusal))
