"""The report of a ladder in Redis, where whoever opens a position reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final

from redis.exceptions import RedisError

from app.bus import keys
from app.errors import Unavailable
from app.premarket.models import PremarketReport
from app.premarket.reports import report_text
from app.stores import Stores

# After the close of the session that it is about.
KEPT_FOR: Final = timedelta(hours=1)


def cached_text(stores: Stores, market: str, day: date) -> str | None:
    """The report as the cache has it, None when that has none; Unavailable when it does not answer."""
    with _answering():
        text = stores.redis.get(keys.premarket_report(market, day))
    return None if text is None else str(text)


def cache_report(stores: Stores, report: PremarketReport) -> bool:
    """Put a report that is made into the cache until an hour after its session; whether that is still to come.

    Unavailable when the cache does not answer.
    """
    left = cached_until(stores, report) - stores.clock.now()
    if report.document is None or left < timedelta(seconds=1):
        return False
    key = keys.premarket_report(report.market, report.session_date)
    with _answering():
        stores.redis.set(key, report_text(report.document), ex=int(left.total_seconds()))
    return True


def cached_until(stores: Stores, report: PremarketReport) -> datetime:
    """Until when the cache is to have a report."""
    hours = stores.markets.named(report.market).session(report.session_date)
    return (report.opens_at if hours is None else hours.close) + KEPT_FOR


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise Unavailable(f"Redis does not answer ({type(error).__name__}): check REDIS_URL and that it runs") from None
