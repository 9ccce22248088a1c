"""The application's wishes as messages to the queues; messages are hints, a lost one is sent again by the next tick."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from structlog.contextvars import get_contextvars

from app.bus.connection import with_database
from app.bus.keys import BROKER_DB
from app.errors import Unavailable
from app.metrics.families import TASKS_SENT, TASKS_UNSENT
from app.metrics.recording import count
from workers.queues import ORDINARY, URGENT, queue_of

if TYPE_CHECKING:
    from celery import Celery

NUDGE_EXPIRES_S: Final = 30
CLOSE_EXPIRES_S: Final = 60  # Longer than until it is asked for again: a worker that is busy finds the newest.
PUSH_EXPIRES_S: Final = 300  # As long as until it is asked for again.
REPLY_WITHIN_S: Final = 2.0  # A request is answered also while the broker stands still.
CARRIED: Final = ("request_id",)  # What a message takes along from the log lines of its sender.
JOB_EXPIRES_S: Final = 600  # A job that still waits then is sent again by the tick.


def make_celery(redis_url: str | None, *, reply_within_s: float | None = None) -> "Celery":
    """A Celery application whose broker is in the bus's server; without a server it can do nothing but say so.

    Whoever only sends gives up on a server that is silent for `reply_within_s`, a few times that in all; workers wait.
    """
    from celery import Celery

    broker_url = _checked(with_database(redis_url, BROKER_DB)) if redis_url else "redis://127.0.0.1:1/1"
    app = Celery("thor", config_source="celeryconfig")
    app.conf.update(broker_url=broker_url)
    if reply_within_s is not None:
        patience = {"socket_timeout": reply_within_s, "socket_connect_timeout": reply_within_s}
        app.conf.update(broker_transport_options={**app.conf.broker_transport_options, **patience})
    return app


class CeleryDispatch:
    """Sends tasks by name; Celery is imported at the first of them, as most commands send none."""

    def __init__(self, celery: "Callable[[], Celery]") -> None:
        self._celery = celery

    def start_collector(self, source: str) -> None:
        """Run the collector of `source` unless it runs already."""
        self._send("collectors.run_collector", source)

    def start_ingest(self, slot: int) -> None:
        """Run the ingestor number `slot`, from 1 on, unless it runs already."""
        self._send("ingest.run_ingest", slot)

    def export_session(self, market: str, day: date) -> None:
        """Write a trading day's ticks and bars to the lake."""
        self._send("export.export_session", market, day.isoformat(), expires_s=None)

    def close_session(self, market: str, day: date) -> None:
        """Drain, balance, export and certify a session that is over."""
        self._send("export.close_session", market, day.isoformat(), expires_s=CLOSE_EXPIRES_S)

    def apply_retention(self, market: str) -> None:
        """Drop the ticks of days past the retention whose files are verified."""
        self._send("export.apply_retention", market, expires_s=None)

    def push_lake(self) -> None:
        """Bring files of the lake to the bucket that it lacks."""
        self._send("export.push_lake", expires_s=PUSH_EXPIRES_S)

    def prepare_stage(self, market: str, day: date, stage: str) -> None:
        """Prepare the data of a stage before the open, and ask for its analyses; before other exports."""
        self._send("export.prepare_stage", market, day.isoformat(), stage, expires_s=CLOSE_EXPIRES_S, urgent=True)

    def run_job(self, job_id: int, *, urgent: bool = False) -> None:
        """Work on an analysis that was asked for, unless somebody does or it is finished; an urgent one before
        others."""
        self._send("analysis.run_job", job_id, expires_s=JOB_EXPIRES_S, urgent=urgent)

    def deliver_alerts(self) -> None:
        """Send the messages about alerts that are due."""
        self._send("control.deliver_alerts")

    def reconcile(self) -> None:
        """Balance what was published against what became of it."""
        self._send("control.reconcile")

    def probe(self, queue: str) -> None:
        """Ask a queue's worker for a sign of life, which takes no time and waits for nobody."""
        self._send(f"{queue}.probe", urgent=True)

    def _send(
        self, task: str, *arguments: str | int, expires_s: int | None = NUDGE_EXPIRES_S, urgent: bool = False
    ) -> None:
        from kombu.exceptions import OperationalError

        try:
            # Whoever only sends does not know the tasks, and so not what Celery's settings say of them either.
            priority = URGENT if urgent else ORDINARY
            self._celery().send_task(
                task, args=arguments, expires=expires_s, retry=False, priority=priority, headers=_carried()
            )
        except (OperationalError, OSError) as error:
            count(TASKS_UNSENT, task, queue_of(task))
            raise Unavailable(f"the task queue is away ({type(error).__name__}): {task} was not sent") from error
        count(TASKS_SENT, task, queue_of(task))


def _checked(url: str) -> str:
    # The bus checks the server's certificate unless it is told not to; to the broker that has to be said.
    parts = urlsplit(url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "ssl_cert_reqs=required")))))


def _carried() -> dict[str, str]:
    context = get_contextvars()
    return {name: str(context[name]) for name in CARRIED if name in context}
