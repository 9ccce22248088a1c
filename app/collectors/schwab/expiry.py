"""For how long a login at Schwab is good, told in time: nobody but a person can renew it."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash, write_hash

log = logging.getLogger(__name__)

SOURCE: Final = "SCHWAB"
WARN_AT: Final = (timedelta(hours=48), timedelta(hours=24), timedelta(hours=6), timedelta(0))
_RENEW: Final = "run `flask schwab-login`"


@dataclass(frozen=True)
class LoginTerm:
    """When a new login is due; the latest possible instant where the time of the login is not known."""

    expires_at: datetime
    is_known: bool = True

    def is_over(self, now: datetime) -> bool:
        """Whether a new login is due already; never said of one whose time is not known, which may be good still."""
        return self.is_known and now >= self.expires_at

    def told(self, now: datetime) -> str:
        """A line for a person: until when, how long that is, and what to do from 48 hours before on."""
        if self.is_over(now):
            return f"the login at Schwab is over: {_RENEW}"
        until = f"{self.expires_at:%a %Y-%m-%d %H:%M} UTC"
        if not self.is_known:
            advice = f"{_RENEW} for one whose end is known"
            return f"the login at Schwab ends within 7 days of its making, by {until} at the latest: {advice}"
        left = self.expires_at - now
        said = f"the login at Schwab is good until {until}, for {_span(left)}"
        return said if threshold_of(self.expires_at, now) is None else f"{said}: {_RENEW} before that"


def threshold_of(expires_at: datetime, now: datetime) -> timedelta | None:
    """The last threshold that was crossed: 48, 24, 6 or 0 hours before the end; None before the first."""
    return next((least for least in reversed(WARN_AT) if expires_at - now <= least), None)


class ExpiryWatch:
    """Says once for each threshold, and anew for a new login, that the end of a login comes near."""

    def __init__(self) -> None:
        self._said: tuple[datetime, timedelta] | None = None

    def note(self, term: LoginTerm, now: datetime) -> bool:
        """Log a warning when a threshold was crossed since the last one; whether it did."""
        crossed = threshold_of(term.expires_at, now)
        if crossed is None or self._has_said(term, crossed):
            return False
        self._said = (term.expires_at, crossed)
        log.warning("%s", term.told(now))
        return True

    def _has_said(self, term: LoginTerm, crossed: timedelta) -> bool:
        # A clock that goes back a little does not say the same again.
        return self._said is not None and self._said[0] == term.expires_at and self._said[1] <= crossed


def record_login(client: Redis, term: LoginTerm, now: datetime) -> None:
    """Tell the other processes: `expires_ms` and `checked_ms` in epoch milliseconds, `known` 1 or 0.

    Where it is known that there is no login, `expires_ms` is not after `checked_ms`.
    """
    told = {"expires_ms": _ms(term.expires_at), "known": int(term.is_known), "checked_ms": _ms(now)}
    write_hash(client, keys.login(SOURCE), told)


def recorded_login(client: Redis) -> LoginTerm | None:
    """What was told last; None when nothing was. `client` replies in text."""
    told = read_hash(client, keys.login(SOURCE))
    if "expires_ms" not in told:
        return None
    return LoginTerm(datetime.fromtimestamp(int(told["expires_ms"]) / 1000, UTC), told.get("known") == "1")


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _span(left: timedelta) -> str:
    hours = left // timedelta(hours=1)
    if hours >= 48:
        return f"{hours // 24} days {hours % 24} h" if hours % 24 else f"{hours // 24} days"
    return f"{hours} h {left // timedelta(minutes=1) % 60} min"
