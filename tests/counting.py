"""Counting afresh, and reading what was counted as a scrape shows it."""

import contextlib
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import recording
from app.metrics.reading import read_counts

Samples = dict[tuple[str, tuple[str, ...]], float]


@contextlib.contextmanager
def counting_afresh() -> Iterator[None]:
    """What this process counts within the block begins at nothing and is forgotten afterwards."""
    present = recording._present
    before = present.recorder, present.folder, present.role
    present.recorder, present.folder, present.role = recording.Recorder(), None, ""
    try:
        yield
    finally:
        present.recorder.close()
        present.recorder, present.folder, present.role = before


def read_text(text: str) -> Samples:
    """The values in an answer for Prometheus, by name and the values of the labels."""
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in samples}


def scraped() -> Samples:
    """What was counted, as a scrape shows it."""
    registry = CollectorRegistry()
    registry.register(_Collected(list(read_counts())))
    return read_text(generate_latest(registry).decode())


class _Collected:
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
