"""The collectors queue: one loop per source."""

from app.operations.collecting import collect_unless_collected
from workers.celery_app import celery, runtime, show_life, stopping


@celery.task(name="collectors.run_collector", acks_late=False)
def run_collector(source: str) -> None:
    """Collect the source until it is no longer wanted or the worker stops; at once over when another does."""
    collect_unless_collected(runtime(), source, stopping, runtime().collector_plan)


@celery.task(name="collectors.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("collectors")
