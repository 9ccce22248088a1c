"""The export queue: trading days from PostgreSQL to the lake."""

from datetime import date

from celery.signals import worker_process_init

from app.errors import Unavailable
from app.operations.bucket_keeping import push_due
from app.operations.closing import close_unless_under_way
from app.operations.exporting import export_session as export
from app.operations.premarket.preparing import prepare_unless_under_way
from app.operations.retention import RetentionPolicy
from app.operations.retention import apply_retention as apply
from app.premarket.definition import StageKey
from app.premarket.rows import stage_named
from workers.celery_app import celery, lower, runtime, show_life

worker_process_init.connect(lower)


@celery.task(name="export.export_session", autoretry_for=(Unavailable,), retry_backoff=True, retry_jitter=True)
def export_session(market: str, day: str) -> None:
    """Write the ticks and bars of a market's symbols on a trading day; what is there and complete is left alone."""
    export(runtime(), market, date.fromisoformat(day))


@celery.task(name="export.close_session")
def close_session(market: str, day: str) -> None:
    """Drain, balance, export and certify a session that is over, unless that is done or under way; what has to wait is
    asked for again."""
    close_unless_under_way(runtime(), market, date.fromisoformat(day))


@celery.task(name="export.prepare_stage")
def prepare_stage(market: str, day: str, stage: str) -> None:
    """Prepare the data of a stage before the open and ask for its analyses, unless that is done or under way; what has
    to wait is asked for again."""
    rt = runtime()
    prepare_unless_under_way(rt, rt.premarket_policy, StageKey(market, date.fromisoformat(day), stage_named(stage)))


@celery.task(name="export.apply_retention", autoretry_for=(Unavailable,), retry_backoff=True, retry_jitter=True)
def apply_retention(market: str) -> None:
    """Drop the ticks of days past the retention whose files are verified; the others are left and logged."""
    rt = runtime()
    apply(rt, market, RetentionPolicy(rt.settings.tick_retention_days))


# A store that gives a byte now and then is no time-out: exports must not wait half an hour for it.
@celery.task(name="export.push_lake", soft_time_limit=540, time_limit=600)
def push_lake() -> None:
    """Bring files of the lake to the bucket that it lacks; what is in the way is logged, and left to the next tick."""
    rt = runtime()
    push_due(rt, rt.settings.bucket)


@celery.task(name="export.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("export")
