"""Retention: which trading days leave the database, when, and what became of each."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.bus import keys
from app.errors import Conflict, Rejected, ThorError, Unavailable
from app.instruments.hours import sessions_on
from app.lake.manifest import list_files
from app.operations.certifying import require_certified
from app.operations.exporting import SessionExport, export_session, exports_of, symbols_to_export
from app.operations.tick_counts import tick_counts
from app.stores import Stores
from app.ticks.partitions import existing_partitions

if TYPE_CHECKING:
    from app.export.purging import DayPurge

log = logging.getLogger(__name__)

ASK_AGAIN_S: Final = 3600


@dataclass(frozen=True)
class RetentionPolicy:
    """For how many calendar days before the present trading day ticks stay in the database."""

    keep_days: int


def days_past(stores: Stores, policy: RetentionPolicy, now: datetime) -> list[date]:
    """The trading days with a partition that are more than `keep_days` before the one at `now`, oldest first."""
    first_kept = stores.market.session_of(now) - timedelta(days=policy.keep_days)
    with stores.sessions() as session:
        return sorted(day for day in existing_partitions(session) if day < first_kept)


def purge_days(
    stores: Stores,
    days: Iterable[date],
    now: datetime,
    *,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _symbol: None,
) -> Iterator["DayPurge"]:
    """Drop one day after the other from the database if its sessions are certified and the lake is proved to hold it;
    see `purge_day`.

    A day that must stay is refused with the reason, one that disk or database kept from ending has failed; the others
    go on.
    """
    from app.export.purging import DayPurge, PurgeState, purge_day

    for day in days:
        try:
            _require_over(stores, day, now)
            require_certified(stores, day, save=not dry_run)
            yield purge_day(stores.sessions, stores.lake, day, now, dry_run=dry_run, tell=tell)
        except (Conflict, Rejected) as error:
            yield DayPurge(day, PurgeState.REFUSED, reason=str(error))
        except Unavailable as error:
            yield DayPurge(day, PurgeState.FAILED, reason=str(error))


def apply_retention(stores: Stores, market_name: str, policy: RetentionPolicy) -> list["DayPurge"]:
    """Export what the lake lacks of the days past the retention, then drop those that are proved; by day."""
    now = stores.clock.now()
    days = days_past(stores, policy, now)
    for export in _unexported(stores, days):
        try:
            export_session(stores, export.market, export.day)
        except ThorError as error:
            log.error("%s is past the retention and cannot be exported: %s", export.day, error)
    done = list(purge_days(stores, days, now))
    for purge in done:
        level = logging.ERROR if purge.reason else logging.INFO
        log.log(level, "retention: %s %s, %s ticks %s", purge.day, purge.state, purge.ticks, purge.reason)
    stores.redis.set(keys.RETENTION_DONE, _last_closed(stores, market_name, now).isoformat())
    return done


def retention_due(stores: Stores) -> bool:
    """Whether to ask for the retention: once after each session's close, and again after an hour without an end.

    Who is told so must ask for it, because others are told that it was asked for.
    """
    last = _last_closed(stores, stores.market.name, stores.clock.now())
    if stores.redis.get(keys.RETENTION_DONE) == last.isoformat():
        return False
    return bool(stores.redis.set(keys.retention_asked(last), 1, nx=True, ex=ASK_AGAIN_S))


def _last_closed(stores: Stores, market_name: str, now: datetime) -> date:
    return stores.markets.named(market_name).last_completed(now, 1)[-1].day


def _unexported(stores: Stores, days: list[date]) -> list[SessionExport]:
    counts = tick_counts(stores, days)
    found: list[SessionExport] = []
    with stores.sessions() as session:
        for day, by_symbol in counts.items():
            files = list_files(session, day, day + timedelta(days=1))
            found += exports_of(stores, day, symbols_to_export(by_symbol, files))
    return found


def _require_over(stores: Stores, day: date, now: datetime) -> None:
    close = max((hours.close for hours in sessions_on(stores.markets, day)), default=now)
    if now < close:
        raise Conflict(f"the session of {day} is not over: purge it after {close:%Y-%m-%d %H:%M} UTC")
