"""The control queue: short ticks that compare what should be with what is."""

from typing import Any

from celery.signals import worker_ready

from app.operations.alerting.delivering import deliver_unless_under_way
from app.operations.reconciling import reconcile_unless_under_way
from app.operations.tick import market_tick as turn
from workers.celery_app import celery, runtime, show_life


@celery.task(name="control.market_tick", acks_late=False)
def market_tick() -> None:
    """Do what is missing: opens and closes, collectors, ingest, partitions, signs of life, trimming."""
    turn(runtime(), runtime().tick_policy)


@celery.task(name="control.reconcile", acks_late=False)
def reconcile() -> None:
    """Balance what was published against what became of it, unless another process does so already."""
    reconcile_unless_under_way(runtime())


@celery.task(name="control.deliver_alerts", acks_late=False)
def deliver_alerts() -> None:
    """Send the messages about alerts that are due, unless another process does so already."""
    deliver_unless_under_way(runtime(), runtime().alert_channels)


@worker_ready.connect
def _tick_at_once(sender: Any = None, **_signal: Any) -> None:
    if any(queue.name == "control" for queue in sender.task_consumer.queues):
        market_tick.delay()


@celery.task(name="control.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("control")
