"""What the benchmarks make of their samples; what they measure is told by running them."""

import random

import pytest

from benchmarks.latency import measure_of
from benchmarks.soak import growth_of

TEN_MINUTES = [2.0 * number for number in range(301)]


@pytest.mark.parametrize(
    ("size_mb", "is_flat"),
    [
        (lambda _at_s: 200.0, True),
        (lambda at_s: 200.0 + min(at_s, 150) / 2, True),
        (lambda at_s: 100.0 + at_s % 15, True),
        (lambda at_s: 200.0 + (500 if at_s == 400 else 0), True),
        (lambda at_s: 200.0 - at_s / 60, True),
        (lambda at_s: 200.0 + at_s / 60, False),
        (lambda at_s: 100.0 + at_s / 60 + at_s % 15, False),
        (lambda at_s: 20.0 + at_s / 120, False),
    ],
    ids=["still", "fills a cache", "teeth", "a peak", "shrinks", "grows", "grows with teeth", "small and grows"],
)
def test_a_process_that_grows_after_the_warm_up_is_not_flat(size_mb, is_flat):
    noise = random.Random(7)

    found = growth_of("web", [(at_s, size_mb(at_s) + noise.uniform(-0.5, 0.5)) for at_s in TEN_MINUTES])

    assert found.is_flat == is_flat


def test_percentiles_are_those_of_all_observations():
    found = measure_of("there", [(1.0, 50), (2.0, 48), (80.0, 1), (300.0, 1)], limit_ms=100)

    assert (found.p50_ms, found.p99_ms, found.greatest_ms, found.observed) == (1.0, 80.0, 300.0, 100)
    assert found.passed


def test_a_limit_is_missed_by_the_99th_percentile_and_by_no_observation_at_all():
    late = measure_of("there", [(1.0, 98), (101.0, 2)], limit_ms=100)
    none = measure_of("there", [], limit_ms=100)

    assert (late.passed, none.passed) == (False, False)
