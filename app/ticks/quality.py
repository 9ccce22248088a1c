"""Figures of a session's stored ticks, in one reading."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_MEASURE: Final = text(
    "SELECT symbol, count(*), min(ts), max(ts), count(*) FILTER (WHERE NOT inside), "
    "count(*) FILTER (WHERE inside AND bid > ask), count(*) FILTER (WHERE delayed), "
    "array_agg(DISTINCT minute) FILTER (WHERE inside) "
    "FROM (SELECT symbol, ts, bid, ask, delayed, ts >= :open AND ts < :close AS inside, "
    "(floor(extract(epoch FROM ts) / 60))::bigint AS minute FROM ticks "
    "WHERE session_date = :day AND symbol = ANY(:symbols)) AS seen GROUP BY symbol ORDER BY symbol"
)


@dataclass(frozen=True, slots=True)
class TickQuality:
    """A symbol's ticks on a trading day: how many, from when to when (UTC), and how they are.

    `out_of_session` lie outside of the session, `crossed` have their bid above the ask inside of it, `delayed` are not
    live by their source's own word. `minutes` are those of the session with a tick, in minutes since 1970 UTC.
    """

    ticks: int
    first_ts: datetime
    last_ts: datetime
    out_of_session: int
    crossed: int
    delayed: int
    minutes: frozenset[int]


def measure_ticks(
    session: Session, day: date, symbols: Collection[str], opened: datetime, closed: datetime
) -> dict[str, TickQuality]:
    """The figures of those symbols that have ticks, for the session `[opened, closed)`; reads all of them."""
    asked = {"day": day, "symbols": sorted(symbols), "open": opened, "close": closed}
    return {row[0]: _quality(row[1:]) for row in session.execute(_MEASURE, asked)}


def _quality(figures: Sequence[Any]) -> TickQuality:
    ticks, first_ts, last_ts, out_of_session, crossed, delayed, minutes = figures
    return TickQuality(ticks, first_ts, last_ts, out_of_session, crossed, delayed, frozenset(minutes or ()))
