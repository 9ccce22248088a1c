"""Work: whether workers and beat show life, quotes flow, calendars reach ahead, and what alerts say."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.bus import keys
from app.dispatch import QUEUES
from app.errors import ThorError
from app.market.markets import Markets
from app.operations.alerting.checks import count_alerts, tell_alerts, worst_alerts
from app.operations.doctor.findings import Finding, Level
from app.operations.doctor.installation import Installation
from app.operations.health import (
    Check,
    calendar_warnings,
    check_calendar,
    check_ingest,
    check_ledger,
    check_room,
    pulse_ages,
    silent_queues,
)
from app.operations.job_health import check_jobs
from app.operations.session_health import check_feeds, check_sessions
from app.operations.tick import SWEEP

TICK_SILENCE_S: Final = 60.0
SHOWN: Final = 3
ALERT_LEVELS: Final[Mapping[str, Level]] = {"critical": "wrong", "warning": "warning"}
# What to do where a part makes no progress, by the name of its check.
FIXES: Final[Mapping[str, str]] = {
    "ingest": "`flask redis-to-postgres --status`, and see that a worker of the queue ingest runs",
    "room": "`flask redis-to-postgres --status`: store what waits before publishers are refused",
    "feeds": "`flask collectors`",
    "sessions": "`flask trigger-market-close --help`, and see that beat runs",
    "jobs": "see that a worker of the queue analysis runs, or `flask run-analysis`",
}


def look_at_work(installation: Installation) -> Iterator[Finding]:
    """Whether Thor makes progress, as readiness tells it, where there are servers to ask."""
    stores = installation.stores
    yield check_holidays(stores.markets, stores.clock.now())
    checks: dict[str, Callable[[], Finding]] = {
        "workers": lambda: check_workers(stores.redis, stores.clock.now(), is_up=installation.holder is not None),
        "beat": lambda: check_beat(stores.redis, stores.clock.now(), is_up=installation.holder is not None),
        "ingest": lambda: judge(check_ingest(stores.redis, stores.clock.now())),
        "room": lambda: judge(check_room(stores.redis, installation.stream_cap)),
        "feeds": lambda: judge(check_feeds(stores, stores.redis, installation.sources)),
        "sessions": lambda: judge(check_sessions(stores)),
        "jobs": lambda: judge(check_jobs(stores)),
        "losses": lambda: check_losses(check_ledger(stores.sessions, stores.clock.now())),
        "alerts": lambda: _in_session(installation, check_alerts),
    }
    unanswered = []
    for name, check in checks.items():
        try:
            yield check()
        except (ThorError, RedisError, DBAPIError):
            unanswered.append(name)
    if unanswered:
        told = f"{', '.join(unanswered)}: not looked at, as a server does not answer or has no tables yet"
        yield Finding("work", "unknown", told)


def judge(check: Check) -> Finding:
    """A check of readiness as a finding."""
    if check.ok:
        return Finding(check.name, "ok", check.detail)
    return Finding(check.name, "wrong", check.detail, FIXES.get(check.name, "`flask status`"))


def check_holidays(markets: Markets, now: datetime) -> Finding:
    """The holidays of the markets are known for 60 days ahead, and the overrides can be read."""
    if calendar_warnings(markets, now):
        fix = "see docs/markets.md: compare the exchange's schedule, mend the file of MARKET_OVERRIDES"
        return Finding("calendar", "warning", check_calendar(markets, now).detail, fix)
    return Finding("calendar", "ok", check_calendar(markets, now).detail)


def check_workers(client: Redis, now: datetime, *, is_up: bool) -> Finding:
    """A worker of each queue finished a task in the last 60 s, or is at one; without any, nothing runs."""
    ages_s = pulse_ages(client, QUEUES, now)
    silent = silent_queues(client, ages_s)
    if not silent:
        return Finding("workers", "ok", f"all {len(ages_s)} queues are served")
    if len(silent) == len(ages_s) and not is_up:
        return Finding("workers", "warning", "no worker runs", "`make up`, or start the services of the workers")
    told = f"no sign of life from the queues {', '.join(silent)}"
    return Finding("workers", "wrong", told, "`flask status`: start their workers, or see why they end")


def check_beat(client: Redis, now: datetime, *, is_up: bool) -> Finding:
    """The tick, which beat asks for every 15 s, came in the last minute."""
    ran = client.get(keys.ran(SWEEP))
    age_s = _age_s(ran, now)
    if age_s is not None and age_s <= TICK_SILENCE_S:
        return Finding("beat", "ok", f"the last tick was {age_s:.0f} s ago")
    since = "there was no tick yet" if age_s is None else f"the last tick was {age_s:,.0f} s ago"
    if is_up:
        return Finding("beat", "wrong", since, "`flask status`: see that beat and the worker of control run")
    return Finding("beat", "warning", since, "`make up`, or start the service of beat")


def check_losses(check: Check) -> Finding:
    """No event of the last 24 hours is gone without an explanation."""
    if check.figures["unexplained_24h"]:
        return Finding("losses", "wrong", check.detail, "`flask losses`, and docs/accounting.md")
    return Finding("losses", "ok", check.detail)


def check_alerts(session: Session) -> Finding:
    """No alert is unresolved; the worst ones are told."""
    standing, worst = count_alerts(session), worst_alerts(session, SHOWN)
    if not worst:
        return Finding("alerts", "ok", standing.told())
    lines = "; ".join(tell_alerts(worst))
    if (more := sum(standing.by_severity.values()) - len(worst)) > 0:
        lines += f"; and {more} more"
    level = ALERT_LEVELS.get(worst[0].severity, "ok")
    return Finding("alerts", level, lines, "`flask alerts`, and docs/alerts.md for what each one means")


def _age_s(at_ms: Any, now: datetime) -> float | None:
    return None if at_ms is None else now.timestamp() - int(at_ms) / 1000


def _in_session(installation: Installation, check: Callable[[Session], Finding]) -> Finding:
    with installation.stores.sessions() as session:
        return check(session)
