"""Time as an argument: the clock protocol, and the one place where text becomes an instant."""

import re
from datetime import UTC, date, datetime
from typing import Protocol

from app.errors import Rejected

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE = r"[0-9]{4}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4}|-?W[0-9]{2}-?[0-9])"
_TIME = r"[0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?)?"
_OFFSET = r"[Zz]|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?"
_INSTANT = re.compile(rf"{_DATE}(?:[Tt ]{_TIME}(?:{_OFFSET})?)?")


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, UTC-aware."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant, UTC-aware, microseconds."""
        return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with an offset as UTC, a finer fraction cut to microseconds; Rejected when it is
    malformed or has no offset."""
    try:
        # Python takes any character between date and time and any digits after the seconds, but no small z.
        value = datetime.fromisoformat(text.upper() if _INSTANT.fullmatch(text) else "")
    except ValueError:
        raise Rejected(f"{text[:40]!r} is not an ISO 8601 time, such as 2025-10-09T15:30:00Z") from None
    if value.tzinfo is None:
        raise Rejected(f"{text[:40]!r} has no offset: add Z or +00:00, so that it names one instant")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise Rejected(f"{text[:40]!r} is outside the calendar") from None


def parse_day(text: str) -> date:
    """Read a calendar date YYYY-MM-DD; Rejected when it is malformed or does not exist."""
    try:
        # Python reads other forms of ISO 8601 too, such as week dates, that nobody means here.
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise Rejected(f"{text[:40]!r} is not a date of the form YYYY-MM-DD") from None


def instant_text(value: datetime) -> str:
    """The wire form of an instant: YYYY-MM-DDTHH:MM:SS.ffffffZ, always 27 characters."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def brief_text(value: datetime) -> str:
    """An instant as YYYY-MM-DDTHH:MM:SSZ, with six digits of a fraction where there is one."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
