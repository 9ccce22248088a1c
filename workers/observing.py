"""What is seen of tasks: counted when they begin and end, and named in every line that they log."""

import time
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from celery import signals
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.metrics.families import BEAT_TICK, TASK_DURATION, TASK_SUCCESS, TASKS_FINISHED, TASKS_SENT, TASKS_STARTED
from app.metrics.process import keep_figures
from app.metrics.recording import count, observe, share_counts, tell
from workers.dispatch import CARRIED
from workers.queues import queue_of

BEAT: Final = "beat"
UNKNOWN: Final = "unknown"
TICK: Final = "control.market_tick"
_BEGAN: Final = "thor_began_s"


class TaskObserver:
    """Listens to Celery. Whatever process it is in counts in `folder` from the moment at which its part is known: a
    worker, with its children, as the queue that its node is named after, and beat as beat.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._role = folder, ""

    def connect(self) -> None:
        """Listen from here on."""
        heard = (
            (signals.celeryd_after_setup, self._be_worker),
            (signals.beat_init, self._be_beat),
            # The children of a prefork worker begin before it is ready, and tell of themselves.
            (signals.worker_ready, self._show_figures),
            (signals.worker_process_init, self._show_figures),
            (signals.after_task_publish, self._sent_by_beat),
            (signals.task_prerun, begin_task),
            (signals.task_postrun, end_task),
            (signals.task_success, _succeeded),
            (signals.task_failure, _failed),
            (signals.task_retry, _retried),
            (signals.task_revoked, _revoked),
            (signals.task_unknown, _refused),
            (signals.task_rejected, _refused),
        )
        for signal, call in heard:
            signal.connect(call, weak=False)

    def _be_worker(self, sender: str = "", **_signal: Any) -> None:
        self._role = sender.partition("@")[0]
        share_counts(self._folder, self._role)

    def _be_beat(self, **_signal: Any) -> None:
        self._role = BEAT
        share_counts(self._folder, self._role)
        self._show_figures()

    def _show_figures(self, **_signal: Any) -> None:
        keep_figures(self._role)

    def _sent_by_beat(self, sender: str = "", **_signal: Any) -> None:
        # All other processes send by `workers.dispatch`, which counts itself.
        if self._role == BEAT:
            count(TASKS_SENT, sender, queue_of(sender))
            if sender == TICK:
                tell(BEAT_TICK, time.time())


def begin_task(task_id: str = "", task: Any = None, **_signal: Any) -> None:
    """Count a task that begins, and name it, and the request that it comes from, in what it logs."""
    clear_contextvars()
    queue = queue_of(task.name)
    bind_contextvars(task_id=task_id, task=task.name, queue=queue, **carried_by(task.request))
    setattr(task.request, _BEGAN, perf_counter())
    count(TASKS_STARTED, task.name, queue)


def end_task(task: Any = None, **_signal: Any) -> None:
    """Count how long a task took; what is logged from here on is not its own."""
    if (began_s := getattr(task.request, _BEGAN, None)) is not None:
        observe(TASK_DURATION, perf_counter() - began_s, task.name, queue_of(task.name))
    clear_contextvars()


def carried_by(request: Any) -> dict[str, str]:
    """What a message carries for the log lines of its task."""
    headers = getattr(request, "headers", None)
    found: Mapping[str, Any] = headers if isinstance(headers, Mapping) else {}
    return {name: str(found[name])[:64] for name in CARRIED if name in found}


def _succeeded(sender: Any = None, **_signal: Any) -> None:
    _finish(sender.name, "succeeded")
    tell(TASK_SUCCESS, time.time(), sender.name)


def _failed(sender: Any = None, **_signal: Any) -> None:
    _finish(sender.name, "failed")


def _retried(sender: Any = None, **_signal: Any) -> None:
    _finish(sender.name, "retried")


def _revoked(sender: Any = None, expired: bool = False, **_signal: Any) -> None:
    _finish(sender.name, "expired" if expired else "revoked")


def _refused(**_signal: Any) -> None:
    # Its name may be anything.
    count(TASKS_FINISHED, UNKNOWN, UNKNOWN, "refused")


def _finish(name: str, outcome: str) -> None:
    count(TASKS_FINISHED, name, queue_of(name), outcome)
