"""The collectors queue: one loop per source."""

from app.operations.collecting import CollectorLimits, collect_unless_collected
from workers.celery_app import celery, runtime, show_life, stopping


@celery.task(name="collectors.run_collector", acks_late=False)
def run_collector(source: str) -> None:
    """Collect the source until it is no longer wanted or the worker stops; at once over when another does."""
    rt = runtime()
    limits = CollectorLimits(rt.settings.spool_dir, rt.settings.spool_max_mb << 20, rt.settings.stream_cap)
    collect_unless_collected(rt, source, stopping, limits)


@celery.task(name="collectors.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("collectors")
