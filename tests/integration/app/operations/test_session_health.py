from datetime import UTC, date, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import update

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.collectors.crashes import count_crash
from app.collectors.feeds import NEEDS_LOGIN
from app.desk.events import EventKey, plan_event, start_event
from app.desk.models import Market, SessionCertificate
from app.operations.session_health import check_feeds, check_sessions
from app.operations.silence import note_restart
from app.operations.wishes import SIMULATED, want, want_simulation
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock

THURSDAY = date(2025, 10, 9)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPEN + 91 * SECOND)


def test_without_a_wanted_source_feeds_are_well(rt: Runtime, bus: Redis) -> None:
    assert check_feeds(rt, bus).ok


@pytest.mark.parametrize(
    ("age_s", "is_held", "is_well"), [(89, True, True), (91, True, False), (5, False, False), (None, True, False)]
)
def test_a_wanted_source_must_be_held_and_bring_something_new_while_a_market_is_open(
    rt: Runtime, bus: Redis, clock: FixedClock, age_s: int | None, is_held: bool, is_well: bool
) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    if is_held:
        acquire(bus, keys.lease(SIMULATED), keys.epoch(SIMULATED))
    if age_s is not None:
        heard_ms = int((clock.now() - age_s * SECOND).timestamp() * 1000)
        write_hash(bus, keys.health(SIMULATED), {"event_ms": heard_ms})

    check = check_feeds(rt, bus)

    assert check.ok == is_well
    assert is_well or SIMULATED in check.detail


@pytest.mark.parametrize(
    ("feed", "data_age_s", "is_well"),
    [("streaming", 80, True), ("streaming", 100, False), ("fallback", 1, False), ("connecting", 1, False)],
)
def test_of_a_feed_that_streams_any_word_counts_though_prices_stand_still(
    rt: Runtime, bus: Redis, clock: FixedClock, feed: str, data_age_s: int, is_well: bool
) -> None:
    want(rt, "SCHWAB", "hand")
    acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB"))
    ages = {"event_ms": 600, "data_ms": data_age_s, "begun_ms": 3600}
    told = {name: int((clock.now() - age_s * SECOND).timestamp() * 1000) for name, age_s in ages.items()}
    write_hash(bus, keys.health("SCHWAB"), {"state": "running", "feed": feed, **told})

    assert check_feeds(rt, bus).ok == is_well


@pytest.mark.parametrize(("spoke_s_after_its_start", "is_well"), [(2, False), (30, True)])
def test_what_a_run_hears_at_its_start_is_no_word_where_it_was_begun_because_of_the_silence(
    rt: Runtime, bus: Redis, clock: FixedClock, spoke_s_after_its_start: int, is_well: bool
) -> None:
    want(rt, "EXCEL", "hand")
    acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
    begun = clock.now() - 40 * SECOND
    at = {"event_ms": begun - 100 * SECOND, "begun_ms": begun, "data_ms": begun + spoke_s_after_its_start * SECOND}
    told = {name: int(instant.timestamp() * 1000) for name, instant in at.items()}
    write_hash(bus, keys.health("EXCEL"), {"state": "running", "feed": "streaming", **told})
    note_restart(bus, "EXCEL", begun - SECOND)

    assert check_feeds(rt, bus).ok == is_well


@pytest.mark.parametrize(("symbols", "is_well"), [("ES,NQ", True), ("ES,6E", False)])
def test_a_source_is_not_missed_in_the_hours_of_symbols_that_it_does_not_carry(
    rt: Runtime, bus: Redis, clock: FixedClock, symbols: str, is_well: bool
) -> None:
    clock.advance(datetime(2025, 9, 1, 18, tzinfo=UTC) - clock.now())  # Labor Day: FX is open, equities have closed.
    watch_only(rt, "ES", "6E")
    want(rt, "SCHWAB", "hand")
    acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB"))
    write_hash(bus, keys.health("SCHWAB"), {"state": "running", "feed": "streaming", "symbols": symbols})

    assert check_feeds(rt, bus).ok == is_well


def test_a_source_may_be_silent_until_a_market_has_been_open_for_a_while(
    rt: Runtime, bus: Redis, clock: FixedClock
) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    clock.advance(-2 * SECOND)

    assert check_feeds(rt, bus).ok


def test_a_run_that_has_just_begun_is_given_its_time_unless_it_was_begun_because_of_the_silence(
    rt: Runtime, bus: Redis, clock: FixedClock
) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    acquire(bus, keys.lease(SIMULATED), keys.epoch(SIMULATED))
    now_ms = int(clock.now().timestamp() * 1000)
    write_hash(bus, keys.health(SIMULATED), {"event_ms": now_ms - 100_000, "begun_ms": now_ms - 10_000})
    before = check_feeds(rt, bus)

    note_restart(bus, SIMULATED, clock.now() - 10 * SECOND)

    assert (before.ok, check_feeds(rt, bus).ok) == (True, False)


def test_a_crash_loop_is_told_with_its_reason(rt: Runtime, bus: Redis, clock: FixedClock) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    for _ in range(3):
        count_crash(bus, SIMULATED, 1, "the sheet is gone", clock.now())

    check = check_feeds(rt, bus)

    assert (check.ok, "crash loop" in check.detail, "the sheet is gone" in check.detail) == (False, True, True)


def test_a_feed_that_needs_a_login_is_told_also_while_the_market_is_closed(
    rt: Runtime, bus: Redis, clock: FixedClock
) -> None:
    want(rt, "SCHWAB", "hand")
    acquire(bus, keys.lease("SCHWAB"), keys.epoch("SCHWAB"))
    told = {"state": "running", "feed": NEEDS_LOGIN, "detail": "run `flask schwab-login`"}
    write_hash(bus, keys.health("SCHWAB"), told)
    open_now = check_feeds(rt, bus)
    clock.advance(CLOSE + MINUTE - clock.now())

    closed = check_feeds(rt, bus)

    assert (open_now.ok, closed.ok) == (False, True)
    assert all("SCHWAB: run `flask schwab-login`" in check.detail for check in (open_now, closed))


def test_a_wanted_source_that_nobody_can_collect_is_told_with_what_to_do(rt: Runtime, bus: Redis) -> None:
    want(rt, "EXCEL", "hand")

    check = check_feeds(rt, bus, configured=[SIMULATED])

    assert not check.ok
    assert "EXCEL is wanted and nobody collects it: start `flask excel-to-redis`" in check.detail


def test_an_event_that_nobody_sees_to_for_a_quarter_of_an_hour_is_overdue(rt: Runtime, clock: FixedClock) -> None:
    with rt.sessions.begin() as session:
        plan_event(session, EventKey("CME_Futures", THURSDAY, "close"), CLOSE)
    clock.advance(CLOSE + 14 * MINUTE - clock.now())
    before = check_sessions(rt)

    clock.advance(2 * MINUTE)
    after = check_sessions(rt)

    assert (before.ok, after.ok) == (True, False)
    assert "close of CME_Futures on 2025-10-09" in after.detail


def test_an_event_that_is_begun_late_is_not_overdue_while_it_is_worked_at_for_a_quarter_of_an_hour(
    rt: Runtime, clock: FixedClock
) -> None:
    key = EventKey("CME_Futures", THURSDAY, "close")
    clock.advance(CLOSE + 60 * MINUTE - clock.now())
    with rt.sessions.begin() as session:
        plan_event(session, key, CLOSE)
    found = [check_sessions(rt).ok]

    with rt.sessions.begin() as session:
        start_event(session, key, clock.now())
    for _ in range(2):
        found.append(check_sessions(rt).ok)
        clock.advance(15 * MINUTE)
    found.append(check_sessions(rt).ok)

    assert found == [False, True, False, False]


def test_an_event_of_a_day_that_lost_its_session_is_not_overdue(rt: Runtime, clock: FixedClock) -> None:
    with rt.sessions.begin() as session:
        plan_event(session, EventKey("CME_Futures", date(2025, 10, 11), "close"), CLOSE - timedelta(days=5))

    assert check_sessions(rt).ok


def test_a_session_that_failed_is_told_for_a_week_and_keeps_nobody_from_being_ready(
    rt: Runtime, clock: FixedClock
) -> None:
    with rt.sessions.begin() as session:
        session.add(
            SessionCertificate(
                market="CME_Futures", session_date=THURSDAY, verdict="failed", reasons=["damaged"], made_at=CLOSE
            )
        )

    check = check_sessions(rt)

    assert (check.ok, check.figures["not_certified_7d"]) == (True, 1)
    assert "not certified: CME_Futures on 2025-10-09" in check.detail
    clock.advance(timedelta(days=9))
    assert check_sessions(rt).figures["not_certified_7d"] == 0


def test_an_event_of_a_market_that_is_left_to_the_trader_is_not_overdue(rt: Runtime, clock: FixedClock) -> None:
    with rt.sessions.begin() as session:
        plan_event(session, EventKey("CME_Futures", date(2025, 10, 9), "open"), clock.now() - timedelta(hours=1))
    automated = check_sessions(rt)
    with rt.sessions.begin() as session:
        session.execute(update(Market).where(Market.name == "CME_Futures").values(automated=False))

    assert (automated.ok, check_sessions(rt).ok) == (False, True)
