"""Whether the login that a source needs is good, and for how long."""

from dataclasses import dataclass
from datetime import datetime

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.schwab.expiry import SOURCE, LoginTerm, recorded_login, threshold_of
from app.operations.health import Check


@dataclass(frozen=True)
class LoginStanding:
    """A login: its term, whether its end comes near (`warns`, from 48 hours before it on), and whether it is missed,
    being over although its source is wanted."""

    term: LoginTerm
    warns: bool
    is_missed: bool
    detail: str


def schwab_standing(client: Redis, now: datetime) -> LoginStanding | None:
    """How the login at Schwab stands; None while nothing is known of it."""
    term = recorded_login(client)
    if term is None:
        return None
    is_wanted = read_hash(client, keys.desired(SOURCE)).get("wanted") == "1"
    detail = term.told(now) + ("" if is_wanted or not term.is_over(now) else " before SCHWAB is wanted again")
    return LoginStanding(term, threshold_of(term.expires_at, now) is not None, is_wanted and term.is_over(now), detail)


def check_schwab_login(client: Redis, now: datetime) -> Check:
    """The login at Schwab is good, or its source is not wanted; from 48 hours before its end on the text warns."""
    standing = schwab_standing(client, now)
    if standing is None:
        return Check("schwab_login", True, "not known before SCHWAB is collected, or `flask schwab-check` was run")
    return Check("schwab_login", not standing.is_missed, standing.detail, login_figures(standing.term, now))


def login_figures(term: LoginTerm, now: datetime) -> dict[str, object]:
    """When a login ends, whether that is known, how many hours are left, and whether that is to be warned of."""
    return {
        "expires_at": term.expires_at.isoformat(),
        "expiry_known": term.is_known,
        "hours_left": round((term.expires_at - now).total_seconds() / 3600, 1),
        "warns": threshold_of(term.expires_at, now) is not None,
    }
