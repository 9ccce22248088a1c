from datetime import UTC, datetime
from functools import partial

import pytest
from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.bus.leases import acquire
from app.collectors.crashes import count_crash, read_crashes
from app.dispatch import Dispatch
from app.errors import Conflict, NotFound, Unavailable
from app.operations.collector_orders import automate_source, restart_source, start_source, stop_source
from app.operations.wishes import SIMULATED, want, wish_of
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.factories import quotes
from tests.fakes import FixedClock, RecordingDispatch
from tests.ticks import store_quotes

HERE = ("EXCEL", SIMULATED)
OPEN, CLOSED = datetime(2025, 10, 9, 15, 30, tzinfo=UTC), datetime(2025, 10, 11, 15, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPEN)


def test_a_source_that_is_started_by_hand_is_wanted_and_begun_at_once(rt: Runtime, dispatch: RecordingDispatch) -> None:
    start_source(rt, "EXCEL", HERE)

    assert wish_of(rt, "EXCEL") == (True, True)
    assert dispatch.sent == [("start_collector", "EXCEL")]


def test_a_source_that_is_collected_already_is_not_begun_again(
    rt: Runtime, bus: Redis, dispatch: RecordingDispatch
) -> None:
    acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))

    start_source(rt, "EXCEL", HERE)

    assert dispatch.sent == []


def test_a_start_by_hand_ends_the_wait_of_a_crash_loop(rt: Runtime, bus: Redis) -> None:
    for _ in range(3):
        count_crash(bus, "EXCEL", 1, "no sheet", rt.clock.now())

    start_source(rt, "EXCEL", HERE)

    assert not read_crashes(bus, "EXCEL").must_wait(rt.clock.now())


def test_a_source_with_a_process_of_its_own_is_started_by_that(
    rt: Runtime, bus: Redis, dispatch: RecordingDispatch
) -> None:
    acquire(bus, keys.agent("SCHWAB"), "epoch")

    start_source(rt, "SCHWAB", HERE)

    assert (wish_of(rt, "SCHWAB"), dispatch.sent) == ((True, True), [])


def test_a_source_that_nobody_here_can_collect_is_refused_with_what_to_do(rt: Runtime) -> None:
    with pytest.raises(Conflict, match="SCHWAB cannot be collected here: start `flask schwab-to-redis`, or set SCHWAB"):
        start_source(rt, "SCHWAB", HERE)

    assert wish_of(rt, "SCHWAB") == (False, False)


@pytest.mark.parametrize("source", ["REPLAY", "TELEX", "excel"])
def test_what_has_no_collector_is_not_found(rt: Runtime, source: str) -> None:
    for order in (lambda: start_source(rt, source, HERE), lambda: stop_source(rt, source)):
        with pytest.raises(NotFound, match="known is EXCEL, SCHWAB, SIMULATED"):
            order()


def test_a_source_that_is_stopped_by_hand_stays_so(rt: Runtime) -> None:
    want(rt, "EXCEL", "hours")

    stop_source(rt, "EXCEL")

    assert wish_of(rt, "EXCEL") == (False, True)


def test_a_restart_keeps_the_wish(rt: Runtime, bus: Redis) -> None:
    want(rt, "EXCEL", "hours")

    restart_source(rt, "EXCEL", HERE)

    assert wish_of(rt, "EXCEL") == (True, False)
    assert bus.hexists(keys.desired("EXCEL"), "restart_ms")


def test_what_is_not_wanted_cannot_be_restarted(rt: Runtime) -> None:
    with pytest.raises(Conflict, match="EXCEL is not wanted"):
        restart_source(rt, "EXCEL", HERE)


def test_the_simulation_is_started_with_the_watched_symbols(rt: Runtime, bus: Redis) -> None:
    watch_only(rt, "ES", "6E")

    start_source(rt, SIMULATED, HERE)

    assert bus.hget(keys.desired(SIMULATED), "symbols") == "ES,6E"


def test_the_simulation_is_refused_where_real_quotes_are_stored(rt: Runtime) -> None:
    store_quotes(rt.sessions, quotes(3, source="SCHWAB"))

    with pytest.raises(Conflict, match="holds quotes of SCHWAB"):
        start_source(rt, SIMULATED, HERE)

    assert wish_of(rt, SIMULATED) == (False, False)


def test_the_simulation_is_refused_while_a_live_source_is_wanted(rt: Runtime) -> None:
    want(rt, "EXCEL", "hours")

    with pytest.raises(Conflict, match="stop EXCEL first"):
        start_source(rt, SIMULATED, HERE)


def test_a_live_source_is_refused_while_the_simulation_is_wanted_or_runs(rt: Runtime, bus: Redis) -> None:
    want(rt, SIMULATED, "hours")
    with pytest.raises(Conflict, match="EXCEL never mixes with them: stop SIMULATED first"):
        start_source(rt, "EXCEL", HERE)
    stop_source(rt, SIMULATED)
    acquire(bus, keys.lease(SIMULATED), keys.epoch(SIMULATED))

    with pytest.raises(Conflict, match="EXCEL never mixes with them"):
        start_source(rt, "EXCEL", HERE)

    bus.delete(keys.lease(SIMULATED))
    start_source(rt, "EXCEL", HERE)
    assert wish_of(rt, "EXCEL") == (True, True)


@pytest.mark.parametrize(("now", "is_open"), [(OPEN, True), (CLOSED, False)])
def test_a_source_that_follows_market_hours_is_given_back_to_them(
    rt: Runtime, clock: FixedClock, dispatch: RecordingDispatch, now: datetime, is_open: bool
) -> None:
    clock.advance(now - clock.now())
    (stop_source if is_open else partial(start_source, configured=HERE))(rt, "EXCEL")
    dispatch.sent.clear()

    automate_source(rt, "EXCEL", HERE, ["EXCEL"])

    assert wish_of(rt, "EXCEL") == (is_open, False)
    assert dispatch.sent == ([("start_collector", "EXCEL")] if is_open else [])


def test_a_source_that_follows_no_hours_is_given_back_to_its_own_process(rt: Runtime, bus: Redis) -> None:
    acquire(bus, keys.agent("SCHWAB"), "epoch")
    stop_source(rt, "SCHWAB")

    automate_source(rt, "SCHWAB", HERE, [])

    assert read_hash(bus, keys.desired("SCHWAB")) == {"wanted": "1", "by": "process"}


def test_what_was_said_by_hand_stays_where_nobody_else_decides(rt: Runtime) -> None:
    stop_source(rt, "EXCEL")

    with pytest.raises(Conflict, match="EXCEL does not follow market hours here: name it in SESSION_SOURCES"):
        automate_source(rt, "EXCEL", HERE, ["SCHWAB"])

    assert wish_of(rt, "EXCEL") == (False, True)


def test_a_source_is_not_given_back_to_the_hours_beside_simulated_quotes(rt: Runtime, clock: FixedClock) -> None:
    clock.advance(OPEN - clock.now())
    stop_source(rt, "EXCEL")
    want(rt, SIMULATED, "hand")

    with pytest.raises(Conflict, match="never mixes with them"):
        automate_source(rt, "EXCEL", HERE, ["EXCEL"])

    assert wish_of(rt, "EXCEL") == (False, True)


def test_a_queue_that_is_away_does_not_undo_the_wish(
    rt: Runtime, dispatch: Dispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: str) -> None:
        raise Unavailable("the task queue is away")

    monkeypatch.setattr(dispatch, "start_collector", refuse)

    start_source(rt, "EXCEL", HERE)

    assert wish_of(rt, "EXCEL") == (True, True)
