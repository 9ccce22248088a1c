"""The figures that processes count: name, meaning, labels, and how those of several processes become one.

What the stores know already is read from them at a scrape, and is not counted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

# `live`: the sum over the processes that run; `latest`: the greatest that any process has ever told.
Kind = Literal["counter", "histogram", "live", "latest"]

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WAITING: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)
WORK: Final = (0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0)


@dataclass(frozen=True)
class Counted:
    """A metric that processes count; the values of its labels are few, and known beforehand."""

    name: str
    help: str
    kind: Kind = "counter"
    labels: Sequence[str] = ()
    buckets: Sequence[float] = ()


SOURCE: Final = ("source",)
TASK: Final = ("task", "queue")
PROCESS: Final = ("process",)

HTTP_REQUESTS: Final = Counted(
    "thor_http_request_duration_seconds",
    "From a request to the head of its answer, by route, method and class of status",
    "histogram",
    ("route", "method", "status"),
    QUICK,
)
HTTP_IN_PROGRESS: Final = Counted("thor_http_requests_in_progress", "Requests that wait for their answer", "live")
SSE_CLIENTS: Final = Counted("thor_sse_clients", "Clients of the quote stream", "live")
SSE_SENT: Final = Counted("thor_sse_events_sent_total", "Events sent to clients of the quote stream")
SSE_CONFLATED: Final = Counted("thor_sse_events_conflated_total", "Events left out for clients that read too slowly")
SSE_CUT: Final = Counted("thor_sse_clients_cut_total", "Clients that took nothing and were cut")
SSE_RESETS: Final = Counted("thor_sse_resets_total", "Clients that were told that events are lost to them")
SSE_REFUSED: Final = Counted("thor_sse_clients_refused_total", "Clients that found all places taken")
SSE_UNREADABLE: Final = Counted("thor_sse_unreadable_entries_total", "Entries of the stream that make no event")

PUBLISH_DURATION: Final = Counted(
    "thor_publish_duration_seconds", "Publishing one batch of a source's quotes", "histogram", SOURCE, QUICK
)
PUBLISH_EVENTS: Final = Counted("thor_publish_events_total", "Quotes that the bus took", labels=SOURCE)
PUBLISH_REFUSED: Final = Counted(
    "thor_publish_refused_total", "Batches that the bus did not take, by reason", labels=("source", "reason")
)

INGEST_DELAY: Final = Counted(
    "thor_ingest_delay_seconds",
    "From publishing to storing, of the first entry of each batch",
    "histogram",
    (),
    WAITING,
)
INGEST_DURATION: Final = Counted(
    "thor_ingest_batch_duration_seconds", "Storing one batch in PostgreSQL", "histogram", (), QUICK
)
INGEST_WAITS: Final = Counted("thor_ingest_waits_total", "Times an ingestor waited for a server", labels=("state",))

EXPORT_DURATION: Final = Counted(
    "thor_export_duration_seconds", "Exports of a market's trading day, by outcome", "histogram", ("outcome",), WORK
)
EXPORT_ROWS: Final = Counted("thor_export_rows_total", "Ticks written to the lake by exports")
BARS_WRITTEN: Final = Counted("thor_bars_written_total", "Bars written to the lake", labels=("timeframe",))

JOB_DURATION: Final = Counted(
    "thor_job_duration_seconds", "Work on an analysis, by kind and outcome", "histogram", ("kind", "outcome"), WORK
)
ALERT_MESSAGES: Final = Counted(
    "thor_alert_messages_total", "Tries to send a message about an alert", labels=("channel", "outcome")
)

TASKS_SENT: Final = Counted("thor_tasks_sent_total", "Tasks put into the queues", labels=TASK)
TASKS_UNSENT: Final = Counted("thor_tasks_unsent_total", "Tasks that no queue could be reached for", labels=TASK)
TASKS_STARTED: Final = Counted("thor_tasks_started_total", "Tasks that a worker began", labels=TASK)
TASKS_FINISHED: Final = Counted("thor_tasks_finished_total", "Tasks by what became of them", labels=(*TASK, "outcome"))
TASK_DURATION: Final = Counted("thor_task_duration_seconds", "From a task's begin to its end", "histogram", TASK, WORK)
TASK_SUCCESS: Final = Counted(
    "thor_task_last_success_timestamp_seconds", "When a task last succeeded", "latest", ("task",)
)
BEAT_TICK: Final = Counted("thor_beat_last_tick_timestamp_seconds", "When beat last sent the periodic tick", "latest")

PROCESSES: Final = Counted("thor_processes", "Processes that run, by their part", "live", PROCESS)
PROCESS_MEMORY: Final = Counted(
    "thor_process_resident_memory_bytes", "Memory of these; what they share counts for each", "live", PROCESS
)
PROCESS_CPU: Final = Counted("thor_process_cpu_seconds_total", "Processor time of these", labels=PROCESS)
PROCESS_FDS: Final = Counted("thor_process_open_fds", "Files and connections that these have open", "live", PROCESS)
PROCESS_THREADS: Final = Counted("thor_process_threads", "Threads of these", "live", PROCESS)

COUNTED: Final = tuple(value for value in list(globals().values()) if isinstance(value, Counted))
