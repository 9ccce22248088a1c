import logging
from datetime import UTC, date, datetime, timedelta

import pytest

from app.desk.snapshots import create_snapshot
from app.operations.data_checks import FAULTS, check_data
from app.operations.tick import market_tick
from app.operations.tick_steps import CheckData
from app.runtime import Runtime
from tests.desk_days import POLICY, Trade, snapshots, trade, trade_at, watch_only
from tests.fakes import FixedClock

__all__ = ["trade"]

ES, FX = "CME_Futures", "CME_FX"
LABOR_DAY = date(2025, 9, 1)
NOON = datetime(2025, 9, 1, 17, tzinfo=UTC)
NOW = NOON - timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def test_quotes_without_a_fault_have_none(rt: Runtime, trade: Trade) -> None:
    watch_only(rt, "ES", "NQ")
    trade(
        trade_at(NOW - 5 * MINUTE, "ES", bid=6699, ask=6700, low=6600, high=6700),
        trade_at(NOW - MINUTE, "NQ", bid=1, ask=1),
    )

    found = check_data(rt)

    assert found[ES] == {"at": "2025-09-01T16:00:00.000000Z", "watched": 2, **{fault: [] for fault in FAULTS}}


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"ts": NOW - 5 * MINUTE - timedelta(microseconds=1)}, "stale"),
        ({"bid": 6701, "ask": 6700.75}, "crossed"),
        ({"high": 6699}, "out_of_range"),
        ({"low": 6701, "high": 6800}, "out_of_range"),
        ({"delayed": True}, "delayed"),
    ],
)
def test_each_fault_is_told_with_its_symbol(rt: Runtime, trade: Trade, parts: dict, fault: str) -> None:
    watch_only(rt, "ES", "NQ")
    trade(trade_at(NOW, "NQ"), trade_at(parts.pop("ts", NOW), "ES", **parts))

    found = check_data(rt)[ES]

    assert {name: found[name] for name in FAULTS} == {name: ["ES"] if name == fault else [] for name in FAULTS}


def test_a_symbol_that_was_never_quoted_is_absent_and_told_in_the_log(
    rt: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    watch_only(rt, "ES")

    with caplog.at_level(logging.WARNING):
        assert check_data(rt)[ES]["absent"] == ["ES"]

    assert "quotes of CME_Futures: {'absent': ['ES']}" in caplog.text


def test_each_open_market_has_its_own_symbols_and_closed_ones_have_no_figures(rt: Runtime, clock: FixedClock) -> None:
    watch_only(rt, "ES", "6E", "6J")
    before = {name: figures["absent"] for name, figures in check_data(rt).items()}

    clock.advance(timedelta(hours=2))
    after = {name: figures["absent"] for name, figures in check_data(rt).items()}

    assert before == {ES: ["ES"], FX: ["6E", "6J"]}
    assert after == {FX: ["6E", "6J"]}


def test_the_figures_are_kept_in_the_snapshot_while_the_session_runs(rt: Runtime) -> None:
    watch_only(rt, "ES")
    hours = rt.market.session(LABOR_DAY)
    with rt.sessions.begin() as session:
        create_snapshot(session, ES, hours, {}, NOW)

    found = check_data(rt)

    assert snapshots(rt)[ES, LABOR_DAY].quality == found[ES]


def test_the_figures_of_a_completed_session_stay(rt: Runtime, clock: FixedClock) -> None:
    watch_only(rt, "ES")
    hours = rt.market.session(LABOR_DAY)
    with rt.sessions.begin() as session:
        create_snapshot(session, ES, hours, {}, NOW)
    with rt.sessions.begin() as session:
        session.merge(snapshots(rt)[ES, LABOR_DAY]).completed_at = NOW

    check_data(rt)

    assert snapshots(rt)[ES, LABOR_DAY].quality == {}


def test_a_tick_looks_every_five_minutes_while_a_watched_market_is_open(rt: Runtime, clock: FixedClock) -> None:
    watch_only(rt, "ES")

    looked = []
    for minutes in (0, 1, 4.9, 5, 9, 10, 59, 61, 70):
        clock.advance(NOW + minutes * MINUTE - clock.now())
        looked.append(CheckData() in market_tick(rt, POLICY))

    assert looked == [True, False, False, True, False, True, True, False, False]


def test_a_market_that_has_just_opened_is_not_looked_at(rt: Runtime, clock: FixedClock) -> None:
    hours = rt.market.session(rt.market.session_of(clock.now()))
    assert hours
    clock.advance(hours.open - clock.now())

    at_the_open = check_data(rt)
    clock.advance(timedelta(minutes=5))

    assert (at_the_open, "CME_Futures" in check_data(rt)) == ({}, True)
