"""GET /metrics: what all processes count and what the stores know, in the text format of Prometheus."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as TEXT

from app.api.metric_families import BACKUP, FAMILIES, UP
from app.api.parts import parts
from app.local.figures import member_figures
from app.metrics.families import PROCESS_CPU, PROCESS_FDS, PROCESS_MEMORY, PROCESS_THREADS, PROCESSES
from app.metrics.reading import read_counts
from app.metrics.recording import Series
from app.operations.backup_age import newest_backup
from app.operations.health import Check
from app.runtime import runtime

EXAMPLE: Final = """# HELP thor_stream_entries Entries that the stream keeps
# TYPE thor_stream_entries gauge
thor_stream_entries 120345.0
"""
OPENAPI: Final[Any] = {
    200: {
        "description": "The text format of Prometheus, version 0.0.4",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
    },
}

metrics = APIBlueprint("metrics", __name__, tag="Health")


class Readings:
    """The metrics of one scrape: what the servers know, and whatever else there is."""

    def __init__(self, checks: Sequence[Check], others: Iterable[Metric] = ()) -> None:
        self._checks, self._others = checks, others

    def collect(self) -> Iterator[Metric]:
        """Whether each server answered, what was read of those that did, and the others."""
        yield UP.filled({(check.name,): check.ok for check in self._checks})
        numbers = {name: by_label for check in self._checks for name, by_label in check.figures.items()}
        for family in FAMILIES:
            if found := numbers.get(family.figure):
                yield family.filled(found)
        yield from self._others


@metrics.get("/metrics")
@metrics.doc(operation_id="getMetrics", responses=OPENAPI)
def show_metrics() -> Response:
    """Figures for Prometheus

    Requests, streams, publishing, ingest, exports, queues, tasks and processes, as all processes of this Thor have
    counted them; sources, stream, ledger, lake, sessions, analyses, alerts and the ladder before the open, as the
    stores know them. While Redis or PostgreSQL is away, `thor_up` says so and its figures are left out. Answers within
    3 seconds.
    """
    state_dir = runtime().settings.state_dir
    registry = CollectorRegistry()
    registry.register(Readings(parts().meters.run(), [*read_counts(_members(state_dir)), *_backups(state_dir)]))
    return Response(generate_latest(registry), content_type=TEXT, headers={"Cache-Control": "no-store"})


def _members(state_dir: Path) -> Iterator[tuple[Series, float]]:
    for name, found in member_figures(state_dir).items():
        yield (PROCESSES.name, (name,), ""), found.processes
        yield (PROCESS_MEMORY.name, (name,), ""), found.memory_bytes
        yield (PROCESS_CPU.name, (name,), ""), found.cpu_s
        yield (PROCESS_FDS.name, (name,), ""), found.open_fds
        yield (PROCESS_THREADS.name, (name,), ""), found.threads


def _backups(state_dir: Path) -> Iterator[Metric]:
    if (at_s := newest_backup(state_dir)) is not None:
        yield BACKUP.filled({(): at_s})
