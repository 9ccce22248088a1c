"""The report in the cache: put there, looked after until the open, and compared with the database then."""

from datetime import date

from app.stores import Stores


def verify_report(stores: Stores, market: str, day: date) -> None:
    """Compare the report in the cache with the one in the database, end the stage `verify`, and judge the ladder.

    A report that the cache lacks, or has otherwise, is put there again, and that is told in the stage's reasons and by
    an alert. Without a report the stage fails.
    """
    raise NotImplementedError


def keep_cached(stores: Stores, market: str, day: date) -> bool:
    """Put a report that is made into the cache again where that has lost it; whether it had."""
    raise NotImplementedError
