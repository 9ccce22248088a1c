"""The counts of all processes as one, in the forms of Prometheus."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from app.metrics.families import COUNTED, Counted
from app.metrics.recording import Series, counted, read_file, shared_folder
from app.metrics.slots import files_of

log = logging.getLogger(__name__)

Labels = tuple[str, ...]
_BY_NAME: Final = {family.name: family for family in COUNTED}


def read_counts(also: Iterable[tuple[Series, float]] = ()) -> Iterator[Metric]:
    """Every family of which something was counted, by any process that shares its counts with this one.

    `also` are figures that others could not count themselves.
    """
    folder = shared_folder()
    merged: dict[Series, float] = {}
    _merge(merged, also, is_live=True)
    if folder is None:
        _merge(merged, counted(), is_live=True)
    for file, is_live in files_of(folder) if folder else ():
        _merge(merged, _read(file), is_live=is_live)
    by_family: dict[str, dict[tuple[Labels, str], float]] = {}
    for (name, labels, part), value in merged.items():
        by_family.setdefault(name, {})[labels, part] = value
    yield from (_metric(family, by_family[family.name]) for family in COUNTED if family.name in by_family)


def _read(file: Path) -> Iterable[tuple[Series, float]]:
    try:
        return [(series, value) for series, _text, value in read_file(file)]
    except Exception as error:  # A file that was damaged is not to hide all others.
        log.warning("the counts in %s cannot be read: %s", file.name, str(error)[:100])
        return []


def _merge(merged: dict[Series, float], values: Iterable[tuple[Series, float]], *, is_live: bool) -> None:
    for series, value in values:
        family = _BY_NAME.get(series[0])
        if family is None or (family.kind == "live" and not is_live):
            continue
        before = merged.get(series, 0.0)
        merged[series] = max(before, value) if family.kind == "latest" else before + value


def _metric(family: Counted, values: Mapping[tuple[Labels, str], float]) -> Metric:
    if family.kind == "histogram":
        return _histogram(family, values)
    made = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = made(family.name, family.help, labels=family.labels)
    for (labels, _part), value in sorted(values.items()):
        metric.add_metric(labels, value)
    return metric


def _histogram(family: Counted, values: Mapping[tuple[Labels, str], float]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for labels in sorted({labels for labels, _part in values}):
        total, buckets = 0.0, []
        for place, bound in enumerate((*family.buckets, float("inf"))):
            total += values.get((labels, str(place)), 0.0)
            buckets.append((floatToGoString(bound), total))
        metric.add_metric(labels, buckets, values.get((labels, "sum"), 0.0))
    return metric
