from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pyarrow.parquet as pq
import pytest

from app.desk.events import EventKey
from app.desk.models import MarketEvent
from app.errors import Conflict, Unavailable
from app.lake.manifest import list_files
from app.operations import closing, opening, reconciling
from app.operations.event_keeping import due_events, event_alone, record_end, record_plan, record_skip, record_start
from app.operations.event_plan import BeginClose, CloseSession, OpenSession, SkipEvent
from app.operations.foreground import in_foreground
from app.operations.tick import market_tick
from app.runtime import Runtime
from tests.desk_days import (
    POLICY,
    TICK,
    Trade,
    certificates,
    endings,
    events_recorded,
    looks,
    snapshots,
    statuses,
    trade,
    traded,
    watch_only,
)
from tests.fakes import FixedClock, RecordingDispatch

__all__ = ["endings", "trade"]

ES, FX = "CME_Futures", "CME_FX"
LABOR_DAY = date(2025, 9, 1)
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
COMPLETE = CLOSE + timedelta(minutes=2)
KEY = EventKey(ES, THURSDAY, "open")


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # Everything that was published is stored at once in these tests.
    monkeypatch.setattr(reconciling, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(closing, "DRAIN_S", 0.0)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPEN + timedelta(hours=17))


@pytest.fixture
def desk(rt: Runtime) -> Runtime:
    """The application with ES alone watched, which closes sessions in this process."""
    watch_only(rt, "ES")
    return in_foreground(rt)


def test_in_a_week_with_a_holiday_every_session_is_opened_closed_exported_and_certified_once(
    desk: Runtime, clock: FixedClock, trade: Trade, endings: Callable[[], Counter]
) -> None:
    watch_only(desk, "ES", "6E")
    first, last = datetime(2025, 8, 31, 12, tzinfo=UTC), datetime(2025, 9, 6, 12, tzinfo=UTC)
    hours = {name: desk.markets.named(name).sessions(LABOR_DAY, date(2025, 9, 6)) for name in (ES, FX)}
    waiting = {"ES": list(hours[ES]), "6E": list(hours[FX])}

    for now in looks([*hours[ES], *hours[FX]], first, last):
        go_to(clock, now)
        for symbol, sessions in waiting.items():
            while sessions and sessions[0].close <= now:
                trade(*traded(sessions.pop(0), symbol))
        market_tick(desk, POLICY)

    expected = {(name, one.day) for name, sessions in hours.items() for one in sessions}
    assert len(expected) == 10
    assert endings() == {(name, what, day.isoformat()): 1 for name, day in expected for what in ("opened", "closed")}
    assert {status_of(row) for row in events_recorded(desk).values()} == {("done", "")}
    assert {key: row.verdict for key, row in certificates(desk).items()} == dict.fromkeys(expected, "complete")
    assert snapshots(desk).keys() == expected
    holiday = {name: sessions[0].close for name, sessions in hours.items()}
    assert holiday == {ES: instant(1, 17), FX: instant(1, 21)}
    for symbol, name in (("ES", ES), ("6E", FX)):
        for one in hours[name]:
            assert rows_of(desk, one.day, symbol) == len(traded(one, symbol))


def test_two_ticks_at_once_act_once_on_everything(
    desk: Runtime, clock: FixedClock, trade: Trade, endings: Callable[[], Counter]
) -> None:
    watch_only(desk, "ES", "6E", "CL")
    [hours] = desk.market.sessions(THURSDAY, FRIDAY)
    at_once = Barrier(2)

    def turn(_number: int) -> None:
        at_once.wait(10)
        market_tick(desk, POLICY)

    with ThreadPoolExecutor(2) as pool:
        for now in (clock.now(), CLOSE, COMPLETE, COMPLETE + TICK, CLOSE + timedelta(hours=1)):
            go_to(clock, now)
            if now == CLOSE:
                trade(*traded(hours), *traded(hours, "6E"), *traded(hours, "CL"))
            list(pool.map(turn, range(2)))

    names = (ES, FX, "CME_Energy_Metals")
    assert endings() == {
        **{(name, "opened", day): 1 for name in names for day in ("2025-10-09", "2025-10-10")},
        **{(name, "closed", "2025-10-09"): 1 for name in names},
    }
    assert snapshots(desk).keys() == {(name, day) for name in names for day in (THURSDAY, FRIDAY)}
    assert {key: row.verdict for key, row in certificates(desk).items()} == {
        (name, THURSDAY): "complete" for name in names
    }


OPENING_STEPS = ["working_at", "previous_closes", "keep_baselines", "create_snapshot", "clear_stale", "record_end"]


@pytest.mark.parametrize("step", OPENING_STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_open_that_is_cut_off_is_resumed_by_the_next_tick(
    desk: Runtime, monkeypatch: pytest.MonkeyPatch, endings: Callable[[], Counter], step: str, when: str
) -> None:
    cut_off(monkeypatch, opening, step, when)
    market_tick(desk, POLICY)
    monkeypatch.undo()

    market_tick(desk, POLICY)
    market_tick(desk, POLICY)

    assert statuses(desk)[THURSDAY, "open"] in ("done", "late")
    assert sum(endings().values()) <= 1
    assert snapshots(desk).keys() == {(ES, THURSDAY)}


CLOSING_STEPS = [
    "working_at",
    "begin_snapshot",
    "drain",
    "reconcile",
    "export_session",
    "gather_facts",
    "draw_up",
    "save_certificate",
    "record_end",
]


@pytest.mark.parametrize("step", CLOSING_STEPS)
def test_a_close_that_is_cut_off_is_resumed_by_a_later_tick(
    desk: Runtime,
    clock: FixedClock,
    trade: Trade,
    monkeypatch: pytest.MonkeyPatch,
    endings: Callable[[], Counter],
    step: str,
) -> None:
    [hours] = desk.market.sessions(THURSDAY, FRIDAY)
    market_tick(desk, POLICY)
    go_to(clock, CLOSE)
    trade(*traded(hours))
    market_tick(desk, POLICY)
    go_to(clock, COMPLETE)
    with monkeypatch.context() as broken:
        for when in ("before", "after"):
            cut_off(broken, closing, step, when)
            market_tick(desk, POLICY)
            broken.undo()
            forget_requests(desk)
    began = statuses(desk)[THURSDAY, "close"]

    go_to(clock, COMPLETE + 2 * TICK)
    market_tick(desk, POLICY)

    assert began == ("done" if step == "record_end" else "started")
    assert endings()[ES, "closed", "2025-10-09"] <= 1
    assert status_of(events_recorded(desk)[ES, THURSDAY, "close"]) == ("done", "")
    assert certificates(desk)[ES, THURSDAY].verdict == "complete"
    assert snapshots(desk)[ES, THURSDAY].ticks == len(traded(hours)) == rows_of(desk, THURSDAY)


@pytest.mark.parametrize("outage", [timedelta(hours=12), timedelta(days=3)], ids=["12 hours", "3 days"])
def test_after_an_outage_over_an_open_and_a_close_everything_is_right_within_two_ticks(
    desk: Runtime, clock: FixedClock, trade: Trade, outage: timedelta
) -> None:
    [thursday, friday] = desk.market.sessions(THURSDAY, date(2025, 10, 11))
    go_to(clock, CLOSE - timedelta(hours=1))
    market_tick(desk, POLICY)

    go_to(clock, CLOSE - timedelta(hours=1) + outage)
    is_monday = clock.now() > friday.close
    # The collectors' spools bring what they had kept.
    trade(*traded(thursday), *(traded(friday) if is_monday else []))
    market_tick(desk, POLICY)
    go_to(clock, clock.now() + TICK)
    market_tick(desk, POLICY)

    found = {key[1:]: status_of(row) for key, row in events_recorded(desk).items() if key[0] == ES}
    late_s = f"{(outage - timedelta(hours=1)).total_seconds():,.0f}"
    assert found[THURSDAY, "close"] == ("late", f"begun {late_s} s late")
    assert certificates(desk)[ES, THURSDAY].verdict == "complete"
    assert rows_of(desk, THURSDAY) == len(traded(thursday))
    if is_monday:
        assert found[FRIDAY, "open"] == ("skipped", "nobody saw to it until the session was over")
        assert found[FRIDAY, "close"][0] == "late"
        assert rows_of(desk, FRIDAY) == len(traded(friday))
    else:
        assert found[FRIDAY, "open"][0] == "late"
        assert found.keys() == {(THURSDAY, "open"), (THURSDAY, "close"), (FRIDAY, "open")}
    assert [step for step in due_events(desk) if isinstance(step, OpenSession | CloseSession | SkipEvent)] == []


def test_after_a_long_outage_a_few_closes_are_asked_for_at_a_time(rt: Runtime, clock: FixedClock) -> None:
    watch_only(rt, "ES")
    market_tick(rt, POLICY)
    asked = rt.dispatch

    go_to(clock, clock.now() + timedelta(days=21))
    market_tick(rt, POLICY)
    market_tick(rt, POLICY)

    assert isinstance(asked, RecordingDispatch)
    closes = [sent[2] for sent in asked.sent if sent[0] == "close_session"]
    assert len(set(closes)) == len(closes) == 4
    assert all(THURSDAY <= day < date(2025, 10, 30) for day in closes)


def test_a_close_whose_message_got_lost_is_asked_for_again_and_not_at_every_tick(
    rt: Runtime, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    watch_only(rt, "ES")
    market_tick(rt, POLICY)
    go_to(clock, COMPLETE)
    market_tick(rt, POLICY)
    market_tick(rt, POLICY)
    once = dispatch.sent.count(("close_session", ES, THURSDAY))

    forget_requests(rt)
    market_tick(rt, POLICY)

    assert (once, dispatch.sent.count(("close_session", ES, THURSDAY))) == (1, 2)


def test_a_tick_that_dies_between_an_open_and_its_close_being_planned_leaves_nothing_unplanned(desk: Runtime) -> None:
    record_plan(desk, KEY, OPEN)
    record_start(desk, KEY)
    record_end(desk, KEY, {})

    market_tick(desk, POLICY)

    assert statuses(desk)[THURSDAY, "close"] == "planned"


def test_a_past_session_that_is_completed_by_hand_before_the_first_tick_is_no_beginning_of_the_timetable(
    desk: Runtime,
) -> None:
    past = date(2025, 7, 15)
    closing.backfill_session(desk, ES, past)

    market_tick(desk, POLICY)

    assert {day for day, _ in statuses(desk)} == {past, THURSDAY, FRIDAY}


def test_an_event_is_begun_once_and_ended_once(rt: Runtime, clock: FixedClock) -> None:
    go_to(clock, OPEN)
    record_plan(rt, KEY, OPEN)

    begun = [record_start(rt, KEY), record_start(rt, KEY)]
    ended = [record_end(rt, KEY, {"baselines": 3}), record_end(rt, KEY, {"baselines": 4})]
    record_skip(rt, KEY, "too late")

    assert (begun, ended) == ([True, False], ["done", None])
    row = events_recorded(rt)[KEY]
    assert (row.status, row.detail, row.late_s) == ("done", {"baselines": 3}, 0)


def test_an_event_that_was_begun_more_than_a_minute_late_says_so(rt: Runtime, clock: FixedClock) -> None:
    record_plan(rt, KEY, OPEN)
    go_to(clock, OPEN + timedelta(seconds=61))
    record_start(rt, KEY)
    go_to(clock, OPEN + timedelta(seconds=90))

    assert record_end(rt, KEY, {}) == "late"

    row = events_recorded(rt)[KEY]
    assert (row.reason, row.late_s) == ("begun 61 s late", 90)


def test_an_event_is_moved_until_it_has_begun(rt: Runtime) -> None:
    record_plan(rt, KEY, OPEN)
    record_plan(rt, KEY, OPEN + timedelta(hours=1))
    record_start(rt, KEY)
    record_plan(rt, KEY, OPEN + timedelta(hours=2))
    record_end(rt, KEY, {})

    assert events_recorded(rt)[KEY].due_at == OPEN + timedelta(hours=1)


def test_an_event_is_worked_at_by_one_alone_and_the_right_is_given_back(rt: Runtime) -> None:
    refused = pytest.raises(Conflict, match="another process works at the open of CME_Futures on 2025-10-09")

    with event_alone(rt, KEY), refused, event_alone(rt, KEY):
        pass

    with event_alone(rt, KEY), event_alone(rt, KEY._replace(event="close")):
        pass


def test_the_right_to_work_at_an_event_ends_with_a_failure(rt: Runtime) -> None:
    with pytest.raises(Unavailable), event_alone(rt, KEY):
        raise Unavailable("the disk is full")

    with event_alone(rt, KEY):
        pass


def test_a_close_is_begun_on_time_even_when_its_completion_waits(
    rt: Runtime, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    watch_only(rt, "ES")
    market_tick(rt, POLICY)
    go_to(clock, CLOSE)

    steps = market_tick(rt, POLICY)

    assert BeginClose(ES, THURSDAY) in steps
    assert statuses(rt)[THURSDAY, "close"] == "started"
    assert ("close_session", ES, THURSDAY) not in dispatch.sent


def go_to(clock: FixedClock, now: datetime) -> None:
    clock.advance(now - clock.now())


def instant(day: int, hour: int) -> datetime:
    return datetime(2025, 9, day, hour, tzinfo=UTC)


def status_of(row: MarketEvent) -> tuple[str, str]:
    return row.status, row.reason


def rows_of(rt: Runtime, day: date, symbol: str = "ES") -> int:
    """The rows of a tick file, which must be what the manifest says."""
    with rt.sessions() as session:
        [row] = [row for row in list_files(session, day, day + timedelta(days=1)) if row.symbol == symbol]
    rows = pq.read_metadata(rt.lake.ticks_file(day, symbol)).num_rows
    assert rows == row.rows
    return rows


def forget_requests(rt: Runtime) -> None:
    """Let the time pass after which a close is asked for again."""
    for key in rt.redis.scan_iter("control:close-*"):
        rt.redis.delete(key)


def cut_off(monkeypatch: pytest.MonkeyPatch, module: object, step: str, when: str) -> None:
    """Have the process fail before or after a step, as if it had been killed there."""
    whole = getattr(module, step)

    def broken(*args: object, **options: object) -> object:
        if when == "after":
            whole(*args, **options)
        raise RuntimeError(f"killed {when} {step}")

    monkeypatch.setattr(module, step, broken)


def test_a_close_that_came_before_its_session_ended_is_planned_again_and_done_again(
    desk: Runtime, clock: FixedClock, endings: Callable[[], Counter]
) -> None:
    key = KEY._replace(event="close")
    record_plan(desk, key, OPEN + timedelta(hours=1))
    record_start(desk, key)
    record_end(desk, key, {})

    market_tick(desk, POLICY)
    planned = statuses(desk)[THURSDAY, "close"]
    go_to(clock, COMPLETE)
    market_tick(desk, POLICY)
    go_to(clock, COMPLETE + TICK)
    market_tick(desk, POLICY)

    assert planned == "planned"
    assert events_recorded(desk)[key].due_at == CLOSE
    assert endings()[ES, "closed", "2025-10-09"] == 1


def test_a_market_that_is_watched_no_more_is_closed_once_and_not_opened(desk: Runtime, clock: FixedClock) -> None:
    watch_only(desk, "ES", "6E")
    market_tick(desk, POLICY)
    watch_only(desk, "ES")

    for now in (COMPLETE, COMPLETE + timedelta(hours=2), COMPLETE + timedelta(hours=24)):
        go_to(clock, now)
        market_tick(desk, POLICY)
        market_tick(desk, POLICY)

    assert statuses(desk, FX) == {
        (THURSDAY, "open"): "late",
        (THURSDAY, "close"): "late",
        (FRIDAY, "open"): "skipped",
        (FRIDAY, "close"): "late",
    }
