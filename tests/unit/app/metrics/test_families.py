import re

import pytest

from app.metrics.families import COUNTED

# Each has few values, all known beforehand: no symbol, no path, no text of a client.
LABELS = {
    "route", "method", "status", "source", "reason", "state", "outcome", "timeframe", "kind", "channel", "task",
    "queue", "process",
}  # fmt: skip
UNITS = ("seconds", "bytes", "total", "progress", "clients", "processes", "threads", "fds")


@pytest.mark.parametrize("family", COUNTED, ids=lambda family: family.name)
def test_a_metric_is_named_and_explained_as_prometheus_has_it(family):
    assert re.fullmatch(r"thor(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert family.name.endswith(UNITS)
    assert family.help[0].isupper()
    assert set(family.labels) <= LABELS


@pytest.mark.parametrize("family", COUNTED, ids=lambda family: family.name)
def test_a_histogram_has_buckets_that_grow_and_nothing_else_has_any(family):
    assert bool(family.buckets) == (family.kind == "histogram")
    assert list(family.buckets) == sorted(set(family.buckets))


def test_no_two_metrics_have_a_name_in_common():
    assert len({family.name.removesuffix("_total") for family in COUNTED}) == len(COUNTED)
