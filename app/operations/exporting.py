"""Exporting a trading day as a job does it: ticks that are missing or out of date, then the bars."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.errors import NotFound
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.market.market import market
from app.operations.tick_counts import tick_counts
from app.stores import Stores
from app.ticks.partitions import existing_partitions

if TYPE_CHECKING:
    from app.export.ticks import DayExport

log = logging.getLogger(__name__)


def export_session(stores: Stores, market_name: str, day: date) -> "DayExport":
    """Write a trading day's ticks and bars to the lake; files that are complete are left alone.

    Late ticks of a purged day are merged into its files. What killed exports left behind is swept. NotFound when that
    market has no session on that day; errors of the export pass through.
    """
    # Arrow and DuckDB take a second and 100 MB to load, which whoever only asks what is stale saves.
    from app.export.bars import generate_bars
    from app.export.plan import ExportOptions
    from app.export.ticks import export_day
    from app.lake.files import sweep_staging

    hours = market(market_name).session(day)
    if hours is None:
        raise NotFound(f"{market_name} has no session on {day}")
    now = stores.clock.now()
    if swept := sweep_staging(stores.lake, now):
        log.info("swept %s files that killed exports left behind", swept)
    done = export_day(stores.sessions, stores.lake, day, now, ExportOptions(refresh=True))
    bars = generate_bars(stores.sessions, stores.lake, hours, now)
    log.info("exported %s: %s; bars of %s symbols", day, done.counts(), len(bars))
    return done


def stale_days(stores: Stores) -> list[date]:
    """Closed trading days with files in the lake that lack ticks which came since, or that were found damaged.

    Exporting such a day mends it. Costs milliseconds while large days do not change.
    """
    files = _closed_files(stores)
    counts = tick_counts(stores, files.keys()) if files else {}
    return [day for day in files if needs_export(counts.get(day, {}), files[day])]


def needs_export(counts: Mapping[str, int], files: Sequence[LakeFile]) -> bool:
    """Whether an export would bring a day's tick files up to date with the `counts` of ticks stored by symbol."""
    if any(row.purged_at for row in files):
        return bool(counts)
    known = {row.symbol: row for row in files}
    return any(
        symbol not in known or rows > known[symbol].rows or (rows == known[symbol].rows and known[symbol].damage)
        for symbol, rows in counts.items()
    )


def _closed_files(stores: Stores) -> dict[date, list[LakeFile]]:
    now = stores.clock.now()
    found: dict[date, list[LakeFile]] = {}
    with stores.sessions() as session:
        days = existing_partitions(session)
        rows = list_files(session, min(days), max(days) + timedelta(days=1)) if days else []
    for row in rows:
        if row.session_date in days:
            found.setdefault(row.session_date, []).append(row)
    sessions = (stores.market.session(day) for day in found)
    closed = {hours.day for hours in sessions if hours is not None and hours.close <= now}
    return {day: rows for day, rows in found.items() if day in closed}
