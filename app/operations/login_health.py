"""Whether the login that a source needs is good, and for how long."""

from datetime import datetime

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.collectors.schwab.expiry import SOURCE, recorded_login, threshold_of
from app.operations.health import Check


def check_schwab_login(client: Redis, now: datetime) -> Check:
    """The login at Schwab is good, or its source is not wanted; from 48 hours before its end on the text warns."""
    term = recorded_login(client)
    if term is None:
        return Check("schwab_login", True, "not known before SCHWAB is collected, or `flask schwab-check` was run")
    crossed = threshold_of(term.expires_at, now)
    figures = {
        "expires_at": term.expires_at.isoformat(),
        "expiry_known": term.is_known,
        "hours_left": round((term.expires_at - now).total_seconds() / 3600, 1),
        "warns": crossed is not None,
    }
    is_wanted = read_hash(client, keys.desired(SOURCE)).get("wanted") == "1"
    detail = term.told(now) + ("" if is_wanted or not term.is_over(now) else " before SCHWAB is wanted again")
    return Check("schwab_login", not (is_wanted and term.is_over(now)), detail, figures)
