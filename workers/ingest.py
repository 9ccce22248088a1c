"""The ingest queue: one loop from the stream to PostgreSQL."""

from app.bus.keys import WORKER_CONSUMER
from app.ingest.run import IngestPlan, ingest
from workers.celery_app import celery, runtime, show_life, stopping


@celery.task(name="ingest.run_ingest", acks_late=False)
def run_ingest() -> None:
    """Ingest until the worker stops; at once over when another process does it."""
    rt = runtime()
    plan = IngestPlan(WORKER_CONSUMER, rt.settings.ingest_batch_size)
    ingest(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, plan, stopping)


@celery.task(name="ingest.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("ingest")
