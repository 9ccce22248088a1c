from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app.bus import keys
from app.operations.agreement import agreement, check_agreement, compare_sources, disagreeing, is_comparing_due
from app.operations.comparing import ticks_text
from app.operations.displaying import DisplayRule
from app.operations.divergences import read_divergences
from app.operations.metering import read_bus
from app.operations.tick import market_tick, plan_tick
from app.operations.tick_steps import CompareSources, TickPolicy
from app.runtime import Runtime
from tests.factories import MOMENT
from tests.fakes import FixedClock
from tests.live_sources import LiveSource

RULE = DisplayRule(("SCHWAB", "EXCEL"), 15.0, 4.0)
SECOND = timedelta(seconds=1)
SATURDAY = datetime(2025, 10, 11, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MOMENT)


@pytest.fixture
def excel(bus: Redis, clock: FixedClock) -> LiveSource:
    return LiveSource(bus, "EXCEL", clock)


@pytest.fixture
def schwab(bus: Redis, clock: FixedClock) -> LiveSource:
    return LiveSource(bus, "SCHWAB", clock)


def check(rt: Runtime, after_s: float = 0) -> list[str]:
    """What differs so many seconds later, and whether it alarms."""
    rt.clock.advance(timedelta(seconds=after_s))
    rt.redis.delete(keys.asked("compare-sources"))
    return [f"{one.name} {ticks_text(one.last)}{' !' if one.alarming else ''}" for one in compare_sources(rt, RULE)]


def test_a_difference_that_lasts_is_told_at_its_begin_and_end_once(
    rt: Runtime, bus: Redis, excel: LiveSource, schwab: LiveSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    excel.quote("6700")
    schwab.quote("6701.25")

    seen = [check(rt, 0), check(rt, 15), check(rt, 15), check(rt, 15)]
    schwab.quote("6700", ts=MOMENT + SECOND)
    after = check(rt, 15)

    assert seen == [[f"ES|price|EXCEL|SCHWAB -5{mark}"] for mark in ("", "", " !", " !")]
    assert (after, read_divergences(bus)) == ([], {})
    told = [record.message for record in caplog.records if record.name == "app.operations.agreement"]
    assert told == [
        "the sources disagree: ES: EXCEL is -5 ticks from SCHWAB, at worst -5, since 15:30:00 UTC",
        "EXCEL and SCHWAB agree again about ES",
    ]


def test_a_source_that_is_a_second_behind_in_a_fast_market_raises_no_alarm(
    rt: Runtime, excel: LiveSource, schwab: LiveSource
) -> None:
    alarms = []
    for step in range(8):
        rising = step % 2 == 0
        schwab.quote("6710" if rising else "6700")
        excel.quote("6700" if rising else "6710", age_s=1)
        alarms += [line for line in check(rt, 15) if line.endswith("!")]

    assert alarms == []


def test_up_to_the_limit_sources_agree(rt: Runtime, excel: LiveSource, schwab: LiveSource) -> None:
    excel.quote("6700")
    schwab.quote("6701.00")

    assert check(rt) == []


def test_a_source_that_falls_behind_is_told_as_a_lag_and_its_old_price_as_no_difference(
    rt: Runtime, bus: Redis, excel: LiveSource, schwab: LiveSource
) -> None:
    schwab.quote("6700")
    rt.clock.advance(20 * SECOND)
    excel.quote("6710")
    left_ms = int((rt.clock.now() - 16 * SECOND).timestamp() * 1000)
    bus.hset(keys.by_source("SCHWAB", "ES"), "behind", f"{left_ms}-0")

    assert check(rt) == ["ES|lag|SCHWAB|EXCEL 20000 !"]
    assert disagreeing(read_divergences(bus).values(), "ES", "EXCEL") == ["SCHWAB"]


def test_a_source_that_says_the_same_as_the_other_does_not_lag(
    rt: Runtime, excel: LiveSource, schwab: LiveSource
) -> None:
    schwab.quote("6700", age_s=600)
    excel.quote("6700")
    same = check(rt)
    excel.quote("6700.25", age_s=-1)

    assert (same, check(rt)) == ([], ["ES|lag|SCHWAB|EXCEL 601000 !"])


def test_a_lag_goes_on_while_the_other_s_price_passes_by(rt: Runtime, excel: LiveSource, schwab: LiveSource) -> None:
    schwab.quote("6700", age_s=600)

    seen = []
    for bid in ("6700.25", "6700", "6699.75"):
        excel.quote(bid)
        seen.append(check(rt, 15))
    schwab.quote("6699.75")

    assert seen == [[f"ES|lag|SCHWAB|EXCEL {lag} !"] for lag in (600_000, 615_000, 630_000)]
    assert check(rt, 0) == []


def test_the_lag_of_a_source_whose_clock_is_ahead_counts_from_when_its_quote_came(
    rt: Runtime, bus: Redis, excel: LiveSource, schwab: LiveSource
) -> None:
    schwab.quote("6700", age_s=-120)
    for field, ago in (("stream_id", 20), ("behind", 16)):
        at_ms = int((rt.clock.now() - ago * SECOND).timestamp() * 1000)
        bus.hset(keys.by_source("SCHWAB", "ES"), field, f"{at_ms}-0")
    excel.quote("6701")

    assert check(rt) == ["ES|lag|SCHWAB|EXCEL 20000 !"]


def test_only_live_quotes_of_sources_that_stream_are_compared(
    rt: Runtime, excel: LiveSource, schwab: LiveSource
) -> None:
    excel.quote("6700")
    schwab.quote("6710", delayed=True)
    delayed = check(rt)
    schwab.quote("6710", age_s=-1)
    live = check(rt)
    schwab.tell(steady_s=None, feed="lost")
    lost = check(rt)
    schwab.die()

    assert (delayed, len(live), lost, check(rt)) == ([], 1, [], [])


def test_in_a_closed_market_and_of_unwatched_symbols_nothing_is_compared(
    rt: Runtime, bus: Redis, clock: FixedClock
) -> None:
    clock.advance(SATURDAY - MOMENT)
    for source, bid in {"EXCEL": "6700", "SCHWAB": "6710"}.items():
        LiveSource(bus, source, clock).quote(bid)
    closed = check(rt)
    clock.advance(MOMENT - SATURDAY)
    bus.flushdb()
    for source, bid in {"EXCEL": "6700", "SCHWAB": "6710"}.items():
        LiveSource(bus, source, clock).quote(bid, symbol="MES")

    assert (closed, check(rt)) == ([], [])


def test_two_ticks_at_once_compare_once(rt: Runtime, excel: LiveSource, schwab: LiveSource) -> None:
    excel.quote("6700")
    schwab.quote("6710")
    first = compare_sources(rt, RULE)
    schwab.quote("6700", age_s=-1)

    assert compare_sources(rt, RULE) == first


def test_the_tick_compares_while_two_live_sources_are_at_work_and_once_more(
    rt: Runtime, bus: Redis, excel: LiveSource
) -> None:
    policy = TickPolicy(9, 900, display=RULE)
    alone = CompareSources() in plan_tick(rt, policy)
    excel.quote("6700")
    schwab = LiveSource(bus, "SCHWAB", rt.clock)
    schwab.quote("6710")
    market_tick(rt, policy)
    found = read_divergences(bus)
    schwab.die()
    bus.delete(keys.asked("compare-sources"))
    due_once_more = is_comparing_due(bus)
    market_tick(rt, policy)

    assert (alone, len(found), due_once_more) == (False, 1, True)
    assert (read_divergences(bus), is_comparing_due(bus)) == ({}, False)


def test_who_disagrees_is_whoever_is_not_displayed(
    rt: Runtime, bus: Redis, excel: LiveSource, schwab: LiveSource
) -> None:
    excel.quote("6700")
    schwab.quote("6710")
    for _ in range(3):
        check(rt, 15)
    stands = read_divergences(bus).values()

    assert [disagreeing(stands, "ES", shown) for shown in ("SCHWAB", "EXCEL")] == [["EXCEL"], ["SCHWAB"]]
    assert disagreeing(stands, "NQ", "SCHWAB") == []


def test_health_status_and_metrics_tell_what_differs_and_who_carries_on(
    rt: Runtime, bus: Redis, excel: LiveSource, schwab: LiveSource
) -> None:
    nothing_differs = check_agreement(bus)
    excel.quote("6700")
    schwab.quote("6710")
    check(rt)
    early = agreement(bus)
    check(rt, 15), check(rt, 15)
    differing = check_agreement(bus)
    figures = read_bus(bus, rt.clock.now(), 100).figures
    schwab.die()
    alone = check_agreement(bus)

    assert nothing_differs.detail == "EXCEL and SCHWAB agree"
    told = "ES: EXCEL is -40 ticks from SCHWAB, at worst -40, since 15:30:00 UTC"
    assert early == {"detail": "EXCEL and SCHWAB agree", "differing": [f"{told}, not yet for long"]}
    assert (differing.ok, differing.detail, differing.figures["alarms"]) == (True, told, 1)
    assert figures["divergence_alarms"] == {(): 1}
    assert figures["divergence_ticks"] == {("ES", "EXCEL", "SCHWAB"): -40.0}
    assert alone.ok
    assert alone.detail.startswith("SCHWAB is not there as usual (failed): see `flask status`; EXCEL carries on")
    assert alone.figures["failing"] == {"SCHWAB": "failed"}


@pytest.mark.parametrize(("ends", "detail"), [("stop", "EXCEL alone is at work"), ("die", "SCHWAB is not there")])
def test_a_source_that_was_stopped_is_no_failure(
    bus: Redis, excel: LiveSource, schwab: LiveSource, ends: str, detail: str
) -> None:
    getattr(schwab, ends)()

    assert check_agreement(bus).detail.startswith(detail)


def test_without_a_live_source_there_is_nothing_to_compare(bus: Redis) -> None:
    assert check_agreement(bus).detail == "no live source is at work"
