"""Exporting a trading day as a job does it: ticks that are missing or out of date, then the bars."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from app.errors import Conflict, NotFound
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.operations.bar_mending import days_with_old_bars
from app.operations.lake_states import closing_times
from app.operations.tick_counts import tick_counts
from app.stores import Stores
from app.ticks.partitions import existing_partitions

if TYPE_CHECKING:
    from app.export.ticks import DayExport

log = logging.getLogger(__name__)


def export_session(stores: Stores, market_name: str, day: date) -> "DayExport":
    """Write a trading day's ticks and bars to the lake; files that are complete are left alone.

    Late ticks of a purged day are merged into its files. What killed exports left behind is swept. Files that refuse,
    because they are damaged or somebody else's, do not keep the bars of other symbols from being made: Conflict in the
    end, with all of them. NotFound when that market has no session on that day; Unavailable when disk or database fail.
    """
    # Arrow and DuckDB take a second and 100 MB to load, which whoever only asks what is stale saves.
    from app.export.bars import generate_bars
    from app.export.plan import ExportOptions
    from app.export.ticks import DayExport, export_day
    from app.lake.files import sweep_staging

    hours = stores.markets.named(market_name).session(day)
    if hours is None:
        raise NotFound(f"{market_name} has no session on {day}")
    now = stores.clock.now()
    if swept := sweep_staging(stores.lake, now):
        log.info("swept %s files that killed exports left behind", swept)
    options = ExportOptions(refresh=True, closed_at=lambda _day: hours.close if hours.close <= now else None)
    done, bars, refusals = DayExport(day, ()), [], list[str]()
    with _noting(refusals):
        done = export_day(stores.sessions, stores.lake, day, now, options)
    with _noting(refusals):
        bars = generate_bars(stores.sessions, stores.lake, hours, now)
    if refusals:
        raise Conflict("; ".join(refusals))
    log.info("exported %s: %s; bars of %s symbols", day, done.counts(), len(bars))
    return done


def stale_days(stores: Stores) -> list[date]:
    """Closed trading days with files in the lake that lack ticks which came since, that were made before their session
    or their ticks were complete, or that were found damaged; oldest first.

    Exporting such a day mends it. Counts nothing while large days do not change, as `tick_counts`, and looks through
    the manifest, as `days_with_old_bars`.
    """
    now = stores.clock.now()
    files = _stored_files(stores)
    closed = closing_times(stores, files.keys(), now)
    counts = tick_counts(stores, closed.keys()) if closed else {}
    lacking = {day for day, close in closed.items() if needs_export(counts.get(day, {}), files[day], close)}
    return sorted(lacking | days_with_old_bars(stores, now))


def needs_export(counts: Mapping[str, int], files: Sequence[LakeFile], closed_at: datetime | None = None) -> bool:
    """Whether an export would bring a day's tick files up to date with the `counts` of ticks stored by symbol.

    So it does with files that were taken before the session's close, where that is told.
    """
    if any(row.purged_at for row in files):
        return bool(counts)
    known = {row.symbol: row for row in files}
    return any(_lacks(known.get(symbol), rows, closed_at) for symbol, rows in counts.items())


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


@contextmanager
def _noting(refusals: list[str]) -> Iterator[None]:
    try:
        yield
    except (Conflict, NotFound) as refusal:
        refusals.append(str(refusal))
