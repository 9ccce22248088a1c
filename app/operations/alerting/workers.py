"""Rules of the workers: analyses that nobody works on, and queues that nobody serves."""

from collections.abc import Sequence
from datetime import datetime

from app.alerts.rules import Condition
from app.dispatch import QUEUES
from app.operations.alerting.policy import AlertPolicy
from app.operations.health import pulse_ages, silent_queues
from app.operations.job_health import check_jobs
from app.stores import Stores


def find_stuck_jobs(stores: Stores, _policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """That analyses wait, and none showed life for three minutes."""
    check = check_jobs(stores)
    return [] if check.ok else [Condition("jobs_stuck", "", check.detail, facts=check.figures)]


def find_silent_queues(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Queues whose worker finished no task for 60 s, and is at none."""
    ages_s = pulse_ages(stores.redis, QUEUES, now)
    return [_silent(queue, ages_s[queue]) for queue in silent_queues(stores.redis, ages_s)]


def _silent(queue: str, age_s: float | None) -> Condition:
    since = "it never gave one" if age_s is None else f"the last one was {age_s:,.0f} s ago"
    detail = f"the worker of the queue {queue} gives no sign of life, {since}: does it run? See `flask status`"
    return Condition("queue_silent", queue, detail, facts={"pulse_age_s": age_s})
