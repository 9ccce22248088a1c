"""The collectors queue: one loop per source."""

from app.operations.collecting import collect_for_workers
from workers.celery_app import celery, runtime, show_life, stopping


@celery.task(name="collectors.run_collector", acks_late=False)
def run_collector(source: str) -> None:
    """Collect the source until it is no longer wanted or the worker stops; at once over when another does."""
    collect_for_workers(runtime(), source, stopping, runtime().collector_plan)


@celery.task(name="collectors.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("collectors")
