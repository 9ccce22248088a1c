"""Exporting a trading day as a job does it: ticks that are missing or out of date, then the bars."""

import logging
from datetime import date

from app.errors import NotFound
from app.export.bars import generate_bars
from app.export.plan import ExportOptions
from app.export.ticks import DayExport, export_day
from app.market.market import market
from app.stores import Stores

log = logging.getLogger(__name__)


def export_session(stores: Stores, market_name: str, day: date) -> DayExport:
    """Write a trading day's ticks and bars to the lake; files that are complete are left alone.

    NotFound when that market has no session on that day; errors of the export pass through.
    """
    hours = market(market_name).session(day)
    if hours is None:
        raise NotFound(f"{market_name} has no session on {day}")
    now = stores.clock.now()
    done = export_day(stores.sessions, stores.lake, day, now, ExportOptions(refresh=True))
    bars = generate_bars(stores.sessions, stores.lake, hours, now)
    log.info("exported %s: %s; bars of %s symbols", day, done.counts(), len(bars))
    return done
