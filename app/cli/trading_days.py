"""The trading days that a command is about: read from its options, and explained where nothing happened on them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app.clock import parse_day
from app.errors import Rejected
from app.market.market import Market

MAX_DAYS: Final = 3660
_SHOWN: Final = 10


def parse_days(day: str | None, start: str | None, end: str | None) -> list[date]:
    """The days of `--date`, or of `--start` to `--end` with both; Rejected when none, both or too much is given."""
    if day is not None and (start or end):
        raise Rejected("--date and --start/--end exclude each other: give one of them")
    if day is not None:
        return [parse_day(day)]
    if start is None and end is None:
        raise Rejected("no day is named: give --date=YYYY-MM-DD, or --start and --end")
    if start is None or end is None:
        raise Rejected(f"a range needs both ends: add {'--start' if start is None else '--end'}")
    first, last = parse_day(start), parse_day(end)
    if first > last:
        raise Rejected(f"--start {first} is after --end {last}: exchange them")
    if (count := (last - first).days + 1) > MAX_DAYS:
        raise Rejected(f"{first} to {last} are {count:,} days: ask for at most {MAX_DAYS:,}")
    return [first + timedelta(days=i) for i in range(count)]


def require_begun(market: Market, days: Sequence[date], now: datetime) -> None:
    """Rejected when the last day is a trading day that has not begun at `now`."""
    last = days[-1]
    # The trading day is the present date or a later one, so the calendar is asked only about days after today.
    if last > now.date() and last > (running := market.session_of(now)):
        raise Rejected(f"{last} lies in the future: the present trading day is {running}")


def explain_empty(market: Market, days: Iterable[date], missing: str) -> Iterator[str]:
    """A line for the days without a session, and one that says of the others that they have `missing`."""
    closed: list[str] = []
    quiet: list[str] = []
    for day in days:
        (quiet if market.session(day) else closed).append(day.isoformat())
    if closed:
        yield f"No session: {_listed(closed)}"
    if quiet:
        yield f"{missing}: {_listed(quiet)}"


def _listed(days: list[str]) -> str:
    more = len(days) - _SHOWN
    return ", ".join(days[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
