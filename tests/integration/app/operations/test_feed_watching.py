from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.hashes import write_hash
from app.ledger.balance import count_runs
from app.ledger.models import FeedCoverage, Gap
from app.operations.day_figures import DayCount
from app.operations.gap_finding import find_gaps
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from tests.factories import DAY, quote
from tests.fakes import JOBS_GOOD_FRIDAY, LABOR_DAY, FixedClock, MarketsWithMetals
from tests.ticks import CLOSE, OPEN, store_quotes

Sessions = sessionmaker[Session]
MINUTE = timedelta(minutes=1)
HOLIDAY_OPEN = datetime(2025, 8, 31, 22, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPEN + 30 * MINUTE)


def test_minutes_without_a_sign_of_the_feed_are_a_gap(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, [*range(11), *range(20, 30)])

    watch(rt, sessions)

    assert gaps(sessions) == [(11, 20, "open")]


def test_short_silences_are_no_gap(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, range(0, 30, 3))

    watch(rt, sessions)

    assert gaps(sessions) == []


def test_the_last_minutes_are_left_for_later(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, range(28))

    watch(rt, sessions)

    assert gaps(sessions) == []


def test_a_gap_grows_with_the_silence_and_is_told_once(rt: Runtime, clock: FixedClock, sessions: Sessions) -> None:
    ticks_in(sessions, range(10))

    watch(rt, sessions)
    first = gaps(sessions)
    clock.advance(15 * MINUTE)
    watch(rt, sessions)

    assert (first, gaps(sessions)) == ([(10, 28, "open")], [(10, 43, "open")])


def test_a_collectors_sign_of_life_covers_a_quiet_market(rt: Runtime, bus: Redis, sessions: Sessions) -> None:
    ticks_in(sessions, range(5))
    for minute in range(5, 40):
        # The session opens when the trading day's window begins.
        bus.setbit(keys.alive("SCHWAB", DAY), minute, 1)

    watch(rt, sessions)

    assert gaps(sessions) == []
    with sessions() as session:
        assert session.scalars(select(FeedCoverage.source)).all() == ["SCHWAB"]


def test_a_gap_whose_ticks_come_later_is_backfilled(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, [*range(11), *range(20, 30)])
    watch(rt, sessions)
    ticks_in(sessions, range(11, 20))

    watch(rt, sessions)

    assert gaps(sessions) == [(11, 20, "backfilled")]


def test_a_gap_of_which_a_part_came_later_is_as_long_as_what_is_left(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, [*range(4), *range(25, 30)])
    watch(rt, sessions)
    ticks_in(sessions, [12, 13])

    watch(rt, sessions)

    assert gaps(sessions) == [(4, 12, "open"), (14, 25, "open")]


def test_a_wanted_source_without_a_tick_is_a_gap_from_the_open_on(rt: Runtime, bus: Redis, sessions: Sessions) -> None:
    write_hash(bus, keys.desired("EXCEL"), {"wanted": "1"})

    find_gaps(rt, [], None)

    assert gaps(sessions) == [(0, 28, "open")]


def test_a_closed_market_is_no_gap(rt: Runtime, clock: FixedClock, bus: Redis, sessions: Sessions) -> None:
    clock.advance(CLOSE - clock.now() + 20 * MINUTE)
    ticks_in(sessions, range(23 * 60))

    watch(rt, sessions)

    assert gaps(sessions) == []


def test_a_feed_that_was_silent_to_the_end_is_a_gap_up_to_the_close(
    rt: Runtime, clock: FixedClock, drain: Callable, sessions: Sessions
) -> None:
    ticks_in(sessions, range(23 * 60 - 30))
    drain()
    clock.advance(CLOSE - clock.now() + timedelta(seconds=30))
    reconcile(rt)
    early = gaps(sessions)
    clock.advance(timedelta(seconds=90))
    reconcile(rt)

    assert (early, gaps(sessions)) == ([(1350, 1378, "open")], [(1350, 1380, "open")])


def test_a_replay_is_no_feed(rt: Runtime, sessions: Sessions) -> None:
    ticks_in(sessions, range(3), source="REPLAY")

    watch(rt, sessions)

    assert gaps(sessions) == []


def test_a_feed_is_not_expected_after_the_last_close_of_its_symbols(
    two_groups: Runtime, clock: FixedClock, sessions: Sessions
) -> None:
    clock.advance(HOLIDAY_OPEN + 1180 * MINUTE - clock.now())
    ticks_in(sessions, range(1140), day=LABOR_DAY, opened=HOLIDAY_OPEN)

    watch(two_groups, sessions, LABOR_DAY)

    assert gaps(sessions, HOLIDAY_OPEN) == []


def test_a_feed_is_expected_while_the_market_of_any_of_its_symbols_is_open(
    two_groups: Runtime, clock: FixedClock, sessions: Sessions
) -> None:
    clock.advance(HOLIDAY_OPEN + 1180 * MINUTE - clock.now())
    ticks_in(sessions, range(1140), day=LABOR_DAY, opened=HOLIDAY_OPEN)
    ticks_in(sessions, [1139], day=LABOR_DAY, opened=HOLIDAY_OPEN, symbol="GC")

    watch(two_groups, sessions, LABOR_DAY)
    early = gaps(sessions, HOLIDAY_OPEN)
    clock.advance(60 * MINUTE)
    watch(two_groups, sessions, LABOR_DAY)

    assert (early, gaps(sessions, HOLIDAY_OPEN)) == ([(1140, 1178, "open")], [(1140, 1230, "open")])


@pytest.mark.parametrize("told", [{"symbols": "ES,GC"}, {}])
def test_what_a_wanted_source_missed_stays_a_gap_when_the_day_is_over(
    two_groups: Runtime, clock: FixedClock, bus: Redis, sessions: Sessions, told: dict[str, str]
) -> None:
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "1", **told})
    clock.advance(HOLIDAY_OPEN + 1240 * MINUTE - clock.now())
    ticks_in(sessions, range(1140), day=LABOR_DAY, opened=HOLIDAY_OPEN)

    watch(two_groups, sessions, LABOR_DAY)
    early = gaps(sessions, HOLIDAY_OPEN)
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "0"})
    clock.advance(timedelta(days=2))
    watch(two_groups, sessions, LABOR_DAY)

    assert (early, gaps(sessions, HOLIDAY_OPEN)) == ([(1140, 1230, "open")], [(1140, 1230, "open")])


def test_a_source_that_is_wanted_for_one_group_is_not_expected_in_the_hours_of_another(
    two_groups: Runtime, clock: FixedClock, bus: Redis, sessions: Sessions
) -> None:
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "1", "symbols": "ES"})
    clock.advance(HOLIDAY_OPEN + 1240 * MINUTE - clock.now())
    ticks_in(sessions, range(1140), day=LABOR_DAY, opened=HOLIDAY_OPEN)

    watch(two_groups, sessions, LABOR_DAY)

    assert gaps(sessions, HOLIDAY_OPEN) == []


def test_stray_ticks_of_a_closed_market_make_no_feed_expected(
    two_groups: Runtime, clock: FixedClock, sessions: Sessions
) -> None:
    opened = datetime(2026, 4, 2, 22, tzinfo=UTC)
    clock.advance(opened + 30 * MINUTE - clock.now())
    ticks_in(sessions, [3], day=JOBS_GOOD_FRIDAY, opened=opened, symbol="GC")

    watch(two_groups, sessions, JOBS_GOOD_FRIDAY)

    assert gaps(sessions, opened) == []


def ticks_in(
    sessions: Sessions,
    minutes: object,
    source: str = "SCHWAB",
    day: date = DAY,
    opened: datetime = OPEN,
    symbol: str = "ES",
) -> None:
    times = [opened + minute * MINUTE for minute in minutes]
    known = {"source": source, "symbol": symbol, "session_date": day}
    store_quotes(sessions, [quote(seq=(at - opened) // MINUTE + 1, ts=at, recv_ts=at, **known) for at in times])


def watch(rt: Runtime, sessions: Sessions, day: date = DAY) -> None:
    with sessions() as session:
        runs = count_runs(session, day)
    find_gaps(rt, [DayCount(day, {}, runs)], None)


def gaps(sessions: Sessions, opened: datetime = OPEN) -> list[tuple[int, int, str]]:
    parts = (Gap.from_ts, Gap.to_ts, Gap.state)
    with sessions() as session:
        found = session.execute(select(*parts).where(Gap.kind == "feed").order_by(Gap.from_ts)).all()
    return [((start - opened) // MINUTE, (end - opened) // MINUTE, state) for start, end, state in found]


@pytest.fixture
def two_groups(rt: Runtime, clock: FixedClock) -> Runtime:
    return replace(rt, markets=MarketsWithMetals(clock))
