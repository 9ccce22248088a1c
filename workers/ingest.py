"""The ingest queue: loops from the stream to PostgreSQL."""

from app.bus.keys import worker_consumer
from app.ingest.run import IngestPlan, ingest
from workers.celery_app import celery, runtime, show_life, stopping


@celery.task(name="ingest.run_ingest", acks_late=False)
def run_ingest(slot: int) -> None:
    """Ingest in one of the slots until the worker stops; at once over when the slot is taken."""
    rt = runtime()
    plan = IngestPlan(worker_consumer(slot), rt.settings.ingest_batch_size)
    ingest(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, plan, stopping)


@celery.task(name="ingest.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("ingest")
