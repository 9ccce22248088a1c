"""One look at everything that somebody has to know, and the alerts that follow from it."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.alerts.rules import Condition
from app.alerts.store import Changes, note_conditions
from app.bus import keys
from app.errors import ThorError, Unavailable
from app.operations.alerting.bucket import find_behind
from app.operations.alerting.clocks import find_skewed_clocks
from app.operations.alerting.desk import find_failed, find_overdue
from app.operations.alerting.disks import find_full_disks
from app.operations.alerting.ladders import find_late, find_missing_data, find_verdicts
from app.operations.alerting.policy import AlertPolicy
from app.operations.alerting.records import find_dead_letters, find_degraded, find_losses
from app.operations.alerting.sources import find_disagreeing, find_expiring, find_silent
from app.operations.alerting.stream import find_full_stream, find_lag
from app.operations.alerting.workers import find_silent_queues, find_stuck_jobs
from app.stores import Stores

log = logging.getLogger(__name__)

Finder = Callable[[Stores, AlertPolicy, datetime], Sequence[Condition]]
# What leads up to an open comes first: where time runs short it is looked at all the same.
FINDERS: Final[Mapping[str, Finder]] = MappingProxyType(
    {
        "premarket_late": find_late,
        "premarket_missing_data": find_missing_data,
        "premarket_verdict": find_verdicts,
        "queue_silent": find_silent_queues,
        "source_silent": find_silent,
        "sources_disagree": find_disagreeing,
        "login_expiring": find_expiring,
        "ingest_lag": find_lag,
        "stream_full": find_full_stream,
        "clock_skew": find_skewed_clocks,
        "session_overdue": find_overdue,
        "session_failed": find_failed,
        "dead_letters": find_dead_letters,
        "losses": find_losses,
        "jobs_stuck": find_stuck_jobs,
        "model_degraded": find_degraded,
        "disk_low": find_full_disks,
        "bucket_behind": find_behind,
    }
)
# After a pause of everything these are true of course, until the workers have begun again.
NOT_AT_THE_START: Final = frozenset({"queue_silent", "source_silent", "ingest_lag", "jobs_stuck", "session_overdue"})
START_TAKES: Final = timedelta(seconds=90)
PAUSE: Final = timedelta(seconds=60)
TIME_LIMIT_S: Final = 5.0


def sweep_alerts(stores: Stores, policy: AlertPolicy, now: datetime) -> Changes:
    """Run every rule, and raise, touch and resolve alerts by what they find, in one transaction.

    A rule that cannot find out leaves its alerts alone, which is logged; so do those for which no time is left after
    5 s, and, in the first 90 s after a minute without a sweep, those that the start of the workers settles.
    """
    found: list[Condition] = []
    checked: list[str] = []
    failed: dict[str, list[str]] = defaultdict(list)
    deadline_s = time.monotonic() + TIME_LIMIT_S
    waits = NOT_AT_THE_START if _is_starting(stores, now) else frozenset()
    for rule, find in FINDERS.items():
        if rule in waits:
            continue
        if time.monotonic() > deadline_s:
            log.warning("no time is left to check %s and what comes after it", rule)
            break
        try:
            found += find(stores, policy, now)
            checked.append(rule)
        except Exception as error:
            _note_failure(failed, rule, error)
    for cause, rules in failed.items():
        log.error("whether there is %s cannot be found out: %s", ", ".join(rules), cause)
    with stores.sessions.begin() as session:
        return note_conditions(session, found, checked, now)


def _is_starting(stores: Stores, now: datetime) -> bool:
    now_ms, pause_ms = int(now.timestamp() * 1000), PAUSE // timedelta(milliseconds=1)
    try:
        since_ms = stores.redis.get(keys.SWEEPING_SINCE) or now_ms
        stores.redis.set(keys.SWEEPING_SINCE, since_ms, px=pause_ms)
    except (RedisError, Unavailable):
        return True
    return now_ms - int(since_ms) < START_TAKES // timedelta(milliseconds=1)


def _note_failure(failed: dict[str, list[str]], rule: str, error: Exception) -> None:
    text = str(error).partition("\n")[0]
    if isinstance(error, ThorError | RedisError | DBAPIError):
        # A server that is away needs no trace to be understood, and no line for each rule that asks it.
        failed[text].append(rule)
    else:
        log.error("whether there is %s cannot be found out: %s", rule, text, exc_info=error)
