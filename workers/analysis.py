"""The analysis queue."""

from workers.celery_app import celery, show_life


@celery.task(name="analysis.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("analysis")
