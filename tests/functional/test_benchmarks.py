"""What the benchmarks make of their samples; what they measure is told by running them."""

import pytest

from app.lake.layout import Lake
from benchmarks.analysis import compare_parts, compare_whole
from benchmarks.analysis_market import AnalysisMarket
from benchmarks.analysis_ticks import make_market
from benchmarks.ladder_latency import LadderRun
from benchmarks.latency import measure_of
from benchmarks.measure import Measure
from benchmarks.stream_clients import Marks


def test_percentiles_are_those_of_all_observations():
    found = measure_of("there", [(1.0, 50), (2.0, 48), (80.0, 1), (300.0, 1)], limit_ms=100)

    assert (found.p50_ms, found.p99_ms, found.greatest_ms, found.observed) == (1.0, 80.0, 300.0, 100)
    assert found.passed


def test_a_limit_is_missed_by_the_99th_percentile_and_by_no_observation_at_all():
    late = measure_of("there", [(1.0, 98), (101.0, 2)], limit_ms=100)
    none = measure_of("there", [], limit_ms=100)

    assert (late.passed, none.passed) == (False, False)


@pytest.mark.parametrize(
    ("ratio", "peak_mb", "most_mb", "passed"),
    [
        (0.5, None, None, True),
        (0.49, None, None, False),
        (0.5, 550.0, 550.0, True),
        (0.5, 551.0, 550.0, False),
        (0.5, 551.0, None, True),
        (0.5, None, 550.0, False),
    ],
    ids=["fast", "slow", "small", "large", "as large as it likes", "of unknown size"],
)
def test_a_measure_is_passed_when_it_is_fast_and_small_enough(ratio, peak_mb, most_mb, passed):
    found = Measure("made", ratio, 0.5, 1, 1.0, 1.0, "a limit", peak_mb, most_mb)

    assert found.passed == passed


@pytest.mark.parametrize(
    ("pairs", "wrong", "passed"),
    [
        ([(10.0, 15.0), (20.0, 30.0), (10.0, 90.0)], [], True),
        ([(10.0, 15.1), (20.0, 31.0), (10.0, 9.0)], [], False),
        ([(10.0, 10.0)], ["no analysis was at work"], False),
    ],
    ids=["one window is late", "most windows are late", "nothing was at work"],
)
def test_work_is_in_nobody_s_way_when_most_windows_are_hardly_later_than_the_idle_ones_before_them(
    pairs, wrong, passed
):
    assert LadderRun("made", pairs, 1.0, wrong).passed == passed


def test_every_part_of_the_analysis_is_measured_and_what_a_cache_saves_has_no_aim(tmp_path):
    lake = Lake(tmp_path / "lake")
    market = AnalysisMarket(lake, make_market(lake, ticks=6_000, sessions=2))

    found = [*compare_parts(market, 1), *compare_whole(market, tmp_path / "cache", 1)]

    assert {one.name: one.aim > 0 for one in found} == {
        "analysis: bars": True,
        "analysis: quality": True,
        "analysis: all but prediction, bars given": True,
        "analysis without prediction": True,
        "analysis": True,
        "analysis, all in the cache": False,
    }
    assert market.analyse().work["ticks"] == market.ticks == 6_000


@pytest.mark.parametrize("size", [1, 7, 12, 13, 30, 1_000])
def test_a_mark_that_comes_in_two_pieces_is_counted_once(size: int) -> None:
    text, marks = b"id: 1\nevent: quote\ndata: x\n\n" * 40, Marks(b"event: quote\n")

    for start in range(0, len(text), size):
        marks.take(text[start : start + size])

    assert marks.count == 40
