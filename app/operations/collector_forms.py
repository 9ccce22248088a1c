"""How a collector's state is written down for programs."""

from datetime import UTC, datetime

from app.clock import instant_text
from app.operations.collector_states import CollectorState

_FEED_FIGURE = "feed_"


def collector_form(one: CollectorState, now: datetime) -> dict[str, object]:
    """A collector's state, with plain values; ages in seconds, instants as text."""
    health = one.health
    return {
        "source": one.source,
        "configured": one.configured,
        "wanted": one.wanted,
        "by": one.by,
        "holder": vars(one.holder) if one.holder else None,
        "process": one.agent,
        "state": one.state,
        "detail": one.detail,
        "feed": one.feed,
        "change_age_s": one.age_s("event_ms", now),
        "data_age_s": one.age_s("data_ms", now),
        "health_age_s": one.age_s("at_ms", now),
        "steady_since": _instant(one.steady_ms),
        "rate_per_s": one.rate_per_s,
        "reconnects": one.count("reconnects"),
        "restarts": one.restarts,
        "symbols": one.names("symbols"),
        "silent_symbols": one.names("silent"),
        "published": one.count("published"),
        "spooled": one.count("spooled"),
        "dropped": one.count("dropped"),
        "crashes": _crashes(one),
        "fenced": health.get("fenced"),
        "last_error": health.get("last_error") or health.get("error"),
        "login_expires": _instant(one.login_expires_ms),
        "figures": {
            name.removeprefix(_FEED_FIGURE): value for name, value in health.items() if name.startswith(_FEED_FIGURE)
        },
    }


def _crashes(one: CollectorState) -> dict[str, object]:
    told = one.crashes
    next_start = instant_text(told.not_before) if told.not_before else None
    return {"count": told.count, "last_error": told.last_error or None, "next_start": next_start}


def _instant(ms: str | int | None) -> str | None:
    return instant_text(datetime.fromtimestamp(int(ms) / 1000, UTC)) if ms else None
