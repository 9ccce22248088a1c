from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from heapq import merge

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.desk.events import EventKey
from app.market.market import Market
from app.market.markets import PROFILES, Markets
from app.market.overrides import Override, Overrides
from app.market.sessions import Session
from app.operations.event_plan import CATCH_UP, SETTLING, CloseSession, OpenSession, PlanEvent
from tests.event_record import Desk, instants
from tests.fakes import FixedClock

NOW = FixedClock(datetime(2026, 11, 25, tzinfo=UTC))
MARKETS = {name: Markets(clock=NOW).named(name) for name in PROFILES}
CME = MARKETS["CME_Futures"]
TICK = timedelta(seconds=15)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# The Sunday of each change of clocks, and what surrounds it in UTC: the last close of CME on Friday and its first open
# and close after, then the same of US equities. Written by hand: 16:00, 17:00 and 16:00 Chicago; 16:00, 09:30 and 16:00
# New York.
SPRING = ("22:00", "22:00", "21:00", "21:00", "13:30", "20:00")
AUTUMN = ("21:00", "23:00", "22:00", "20:00", "14:30", "21:00")
CLOCK_CHANGES = [
    (date(2022, 3, 13), SPRING),
    (date(2022, 11, 6), AUTUMN),
    (date(2023, 3, 12), SPRING),
    (date(2023, 11, 5), AUTUMN),
    (date(2024, 3, 10), SPRING),
    (date(2024, 11, 3), AUTUMN),
    (date(2025, 3, 9), SPRING),
    (date(2025, 11, 2), AUTUMN),
    (date(2026, 3, 8), SPRING),
    (date(2026, 11, 1), AUTUMN),
]
# Thursday 2025-10-09: ES trades from Wednesday 22:00 to 21:00 UTC.
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
MOURNING = Override(THURSDAY, time(8, 30), "a day of mourning", False)  # Chicago: 13:30 UTC.


@pytest.fixture(scope="module")
def five_years() -> Desk:
    """A desk of all markets that nobody disturbed from 2022 to 2026, and was looked at every 15 s where it matters."""
    desk = Desk(MARKETS.values())
    start, end = at(date(2022, 1, 1), "00:00"), at(date(2027, 1, 1), "00:00")
    sweep = start
    for now in thinned(start, end, phase=timedelta(seconds=4)):
        desk.look(now)
        if now - sweep > 30 * DAY:
            desk.record.forget_lately((now - 10 * DAY).date())
            sweep = now
    return desk


def test_in_five_years_every_open_and_close_of_every_market_is_acted_on_exactly_once(five_years: Desk) -> None:
    expected = due_between(date(2022, 1, 3), date(2026, 12, 31))

    acted = Counter(key for _, key in five_years.acts if key.day < date(2027, 1, 1))

    assert len(expected) > 12_000
    assert acted.keys() == expected.keys()
    assert set(acted.values()) == {1}
    assert five_years.skips == {}


def test_in_five_years_nothing_is_acted_on_early_or_more_than_a_tick_late(five_years: Desk) -> None:
    expected = due_between(date(2022, 1, 3), date(2027, 1, 5))

    delays = [now - expected[key] for now, key in five_years.acts]

    assert min(delays) >= timedelta(0)
    assert max(delays) < TICK


def test_in_five_years_every_session_is_completed_once_when_its_last_events_have_arrived(five_years: Desk) -> None:
    expected = due_between(date(2022, 1, 3), date(2026, 12, 31))
    closes = {key for key in expected if key.event == "close" and key.day < date(2026, 12, 31)}

    completed = Counter(key for _, key in five_years.completed)

    assert closes <= completed.keys()
    assert set(completed.values()) == {1}
    assert all(SETTLING <= now - expected[key] < SETTLING + TICK for now, key in five_years.completed)


def test_in_five_years_nothing_happens_on_a_day_without_a_session(five_years: Desk) -> None:
    touched = {(key.market, key.day) for _, key in five_years.acts}

    assert not [day for _, day in touched if day.weekday() > 4]
    assert not [day for _, day in touched if (day.month, day.day) == (12, 25)]
    assert ("US_Equity", date(2025, 1, 9)) not in touched  # The day of mourning for President Carter.
    assert ("CME_Futures", date(2025, 1, 9)) in touched
    assert not [name for name, day in touched if day == date(2025, 4, 18)]  # Good Friday without a jobs report.
    assert {name for name, day in touched if day == date(2023, 4, 7)} == {"CME_Futures", "CME_Rates", "CME_FX"}


@pytest.mark.parametrize(("sunday", "hours"), CLOCK_CHANGES, ids=[str(day) for day, _ in CLOCK_CHANGES])
def test_a_change_of_clocks_moves_no_event_by_an_hour(sunday: date, hours: tuple[str, ...]) -> None:
    friday, monday = sunday - 2 * DAY, sunday + DAY
    desk = Desk([CME, MARKETS["US_Equity"]])

    for now in instants(at(friday, "15:00"), at(monday, "22:30"), 5 * MINUTE):
        desk.look(now)

    acted = [(key.market, key.event, key.day, now) for now, key in desk.acts]
    assert sorted(acted) == sorted(
        [
            ("CME_Futures", "open", friday, at(friday, "15:00")),
            ("US_Equity", "open", friday, at(friday, "15:00")),
            ("CME_Futures", "close", friday, at(friday, hours[0])),
            ("CME_Futures", "open", monday, at(sunday, hours[1])),
            ("CME_Futures", "close", monday, at(monday, hours[2])),
            ("US_Equity", "close", friday, at(friday, hours[3])),
            ("US_Equity", "open", monday, at(monday, hours[4])),
            ("US_Equity", "close", monday, at(monday, hours[5])),
            *([("CME_Futures", "open", monday + DAY, at(monday, "22:00"))] if hours == SPRING else []),
        ]
    )


GAPS = st.lists(
    st.one_of(
        st.sampled_from([TICK, MINUTE, HOUR, 23 * HOUR]),
        st.integers(1, 9 * 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    min_size=1,
    max_size=25,
)
BEGINNINGS = st.sampled_from(
    [
        at_ for day in ((2025, 3, 7), (2025, 8, 29), (2025, 11, 26), (2025, 12, 23), (2024, 3, 27))
        for at_ in (datetime(*day, 15, 30, tzinfo=UTC), datetime(*day, 21, 30, tzinfo=UTC))
    ]
)  # fmt: skip


@settings(max_examples=60)
@given(begin=BEGINNINGS, gaps=GAPS)
@example(begin=datetime(2025, 10, 9, 15, 30, tzinfo=UTC), gaps=[60 * DAY])
def test_however_long_nobody_looks_each_session_is_accounted_for_at_the_first_tick_afterwards(
    begin: datetime, gaps: list[timedelta]
) -> None:
    desk = Desk(MARKETS.values())
    looks = [begin]
    for gap in gaps:
        looks.append(looks[-1] + gap)

    for now in looks:
        desk.look(now)
        assert_settled(desk, begin, now)

    assert_once(desk)
    for market in MARKETS.values():
        for hours in due_sessions(market, begin, looks[-1]):
            opened = EventKey(market.name, hours.day, "open")
            seen = [now for now in looks if hours.open <= now < hours.close]
            if seen:
                assert (seen[0], opened) in desk.acts
            else:
                assert desk.skips[opened] == "nobody saw to it until the session was over"
            closed = next(now for now in looks if now >= hours.close)
            assert (closed, opened._replace(event="close")) in desk.acts


def test_after_an_outage_over_an_open_and_a_close_what_was_missed_comes_in_the_order_of_its_time() -> None:
    desk = Desk([CME, MARKETS["US_Equity"]])
    desk.look(at(THURSDAY, "20:30"))

    back = at(FRIDAY, "15:00")
    steps = [step for step in desk.look(back) if not isinstance(step, PlanEvent)]

    assert [type(step).__name__ + " " + getattr(step, "market", "") for step in steps] == [
        "BeginClose CME_Futures",
        "CloseSession CME_Futures",
        "OpenSession CME_Futures",
        "OpenSession US_Equity",
    ]
    assert desk.acts[-1] == (back, EventKey("US_Equity", FRIDAY, "open"))


def test_an_open_that_nobody_ended_while_its_session_ran_is_skipped_and_says_that_it_was_begun() -> None:
    desk, opened = Desk([CME]), EventKey("CME_Futures", FRIDAY, "open")
    desk.look(at(THURSDAY, "15:00"))
    desk.record.start(opened)

    desk.look(at(FRIDAY, "21:00"))

    assert desk.skips == {opened: "it was begun, and nobody ended it until the session was over"}


def test_sessions_before_the_longest_outage_that_is_made_up_for_are_not_planned() -> None:
    desk = Desk([CME])
    desk.look(at(date(2025, 1, 8), "15:00"))

    now = at(date(2025, 10, 9), "15:00")
    desk.look(now)

    planned = {key.day for _, key in desk.completed} - {date(2025, 1, 8), date(2025, 1, 9)}
    assert min(planned) >= (now - CATCH_UP).date()
    assert max(planned) == date(2025, 10, 8)


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=1), timedelta(seconds=7)])
def test_two_planners_at_once_act_once(lag: timedelta) -> None:
    first = Desk(MARKETS.values())
    second = Desk(MARKETS.values(), first.record)

    for now in thinned(at(date(2025, 11, 26), "15:00"), at(date(2025, 12, 1), "15:00"), phase=timedelta(0)):
        one, other = first.plan(now), second.plan(now + lag)
        first.do(one, now)
        second.do(other, now + lag)

    acted = Counter(key for desk in (first, second) for _, key in desk.acts)
    completed = Counter(key for desk in (first, second) for _, key in desk.completed)
    assert set(acted.values()) | set(completed.values()) == {1}
    assert len(acted) == len(due_between(date(2025, 11, 26), date(2025, 12, 1))) - 5  # Monday's closes lie ahead.


def test_two_planners_of_which_each_misses_every_other_tick_act_once() -> None:
    one = Desk([CME])
    other = Desk([CME], one.record)

    for number, now in enumerate(instants(at(THURSDAY, "20:30"), at(FRIDAY, "23:00"), TICK)):
        (one, other)[number % 2].look(now)

    assert len(one.acts) + len(other.acts) == len({key for desk in (one, other) for _, key in desk.acts}) == 4


def test_a_clock_that_goes_back_repeats_nothing() -> None:
    desk = Desk(MARKETS.values())
    forth = list(instants(at(THURSDAY, "19:50"), at(THURSDAY, "22:10"), MINUTE))
    for now in forth:
        desk.look(now)
    acts, completed = list(desk.acts), list(desk.completed)

    for now in [moment - HOUR for moment in forth if moment - HOUR > forth[0]]:
        assert desk.look(now) == []

    assert (desk.acts, desk.completed) == (acts, completed)


def test_a_clock_that_went_back_before_the_close_was_completed_completes_it_once() -> None:
    desk = Desk([CME])
    desk.look(at(THURSDAY, "20:59"))
    desk.look(at(THURSDAY, "21:01"))

    for now in instants(at(THURSDAY, "20:01"), at(THURSDAY, "21:30"), MINUTE):
        desk.look(now)

    assert [now for now, _ in desk.completed] == [at(THURSDAY, "21:02")]
    assert_once(desk)


@pytest.mark.parametrize(
    ("now", "acted", "planned"),
    [
        pytest.param(at_, acted, planned, id=name)
        for name, at_, acted, planned in [
            ("in a session", datetime(2025, 10, 9, 15, tzinfo=UTC), [THURSDAY], [THURSDAY, FRIDAY]),
            ("at the open", datetime(2025, 10, 8, 22, tzinfo=UTC), [THURSDAY], [THURSDAY, FRIDAY]),
            ("at the close", datetime(2025, 10, 9, 21, tzinfo=UTC), [], [FRIDAY]),
            ("in the daily halt", datetime(2025, 10, 9, 21, 30, tzinfo=UTC), [], [FRIDAY]),
            ("on a weekend", datetime(2025, 10, 11, 12, tzinfo=UTC), [], [date(2025, 10, 13), date(2025, 10, 14)]),
            ("on a holiday", datetime(2025, 4, 18, 15, tzinfo=UTC), [], [date(2025, 4, 21), date(2025, 4, 22)]),
        ]
    ],
)
def test_a_first_start_plans_the_present_and_the_next_session_and_opens_what_runs(
    now: datetime, acted: list[date], planned: list[date]
) -> None:
    desk = Desk([CME])

    steps = [*desk.look(now), *desk.look(now + TICK), *desk.look(now + 2 * TICK)]

    assert [step.day for step in steps if isinstance(step, OpenSession)] == acted
    keys = [step.key for step in steps if isinstance(step, PlanEvent)]
    assert keys == [EventKey("CME_Futures", day, event) for day in planned for event in ("open", "close")]
    assert not [step for step in steps if isinstance(step, CloseSession)]
    assert desk.skips == {}


def test_a_close_that_is_moved_while_the_session_runs_is_acted_on_at_its_new_time() -> None:
    desk = Desk([CME])
    looks = instants(at(THURSDAY, "12:00"), at(THURSDAY, "21:30"), TICK)

    for now in looks:
        if now == at(THURSDAY, "13:00"):
            desk.markets = [changed(MOURNING)]
        desk.look(now)

    assert closes(desk) == [(at(THURSDAY, "13:30"), THURSDAY)]
    assert [now for now, _ in desk.completed] == [at(THURSDAY, "13:32")]


def test_a_close_that_was_moved_to_a_time_past_is_acted_on_at_once() -> None:
    desk = Desk([CME])
    desk.look(at(THURSDAY, "13:45"))

    desk.markets = [changed(MOURNING)]
    desk.look(at(THURSDAY, "14:00"))

    assert closes(desk) == [(at(THURSDAY, "14:00"), THURSDAY)]
    assert [now for now, _ in desk.completed] == [at(THURSDAY, "14:00")]


def test_an_early_close_that_is_called_off_is_acted_on_at_the_regular_time() -> None:
    desk = Desk([changed(MOURNING)])
    desk.look(at(THURSDAY, "12:00"))

    desk.markets = [CME]
    for now in instants(at(THURSDAY, "12:30"), at(THURSDAY, "21:30"), TICK):
        desk.look(now)

    assert closes(desk) == [(at(THURSDAY, "21:00"), THURSDAY)]


def test_a_close_that_has_begun_is_completed_when_the_session_is_prolonged_and_over() -> None:
    desk = Desk([changed(MOURNING)])
    desk.look(at(THURSDAY, "12:00"))
    desk.look(at(THURSDAY, "13:30"))

    desk.markets = [CME]
    seen = [step for now in instants(at(THURSDAY, "13:31"), at(THURSDAY, "21:30"), TICK) for step in desk.look(now)]

    assert closes(desk) == [(at(THURSDAY, "13:30"), THURSDAY)]
    assert [now for now, _ in desk.completed] == [at(THURSDAY, "21:02")]
    assert not [step for step in seen if isinstance(step, PlanEvent)]


def test_a_day_that_is_closed_after_it_was_planned_is_skipped_once_it_is_past() -> None:
    desk = Desk([CME])
    desk.look(at(THURSDAY, "12:00"))

    desk.markets = [changed(Override(FRIDAY, None, "a day of mourning", True))]
    for now in instants(at(THURSDAY, "13:00"), at(date(2025, 10, 12), "23:00"), 5 * MINUTE):
        desk.look(now)

    assert {day for _, day in closes(desk)} == {THURSDAY}
    assert {key.day for _, key in desk.acts} == {THURSDAY, date(2025, 10, 13)}
    assert {(key.day, key.event): why for key, why in desk.skips.items()} == dict.fromkeys(
        [(FRIDAY, "open"), (FRIDAY, "close")], "the calendar has no session on that day any more"
    )


def test_a_day_that_was_closed_by_mistake_is_opened_late() -> None:
    desk = Desk([CME])
    desk.look(at(THURSDAY, "12:00"))
    desk.markets = [changed(Override(FRIDAY, None, "a mistake", True))]
    for now in instants(at(THURSDAY, "13:00"), at(FRIDAY, "12:00"), MINUTE):
        desk.look(now)

    desk.markets = [CME]
    for now in instants(at(FRIDAY, "12:00"), at(FRIDAY, "22:30"), TICK):
        desk.look(now)

    assert [(now, key.event) for now, key in desk.acts if key.day == FRIDAY] == [
        (at(FRIDAY, "12:00"), "open"),
        (at(FRIDAY, "21:00"), "close"),
    ]
    assert desk.skips == {}


def test_a_session_that_the_calendar_gets_between_others_is_acted_on() -> None:
    desk, good_friday = Desk([CME]), date(2025, 4, 18)
    for now in instants(at(date(2025, 4, 16), "15:00"), at(date(2025, 4, 17), "15:00"), 5 * MINUTE):
        desk.look(now)

    desk.markets = [changed(Override(good_friday, time(8, 15), "traded after all", True))]
    for now in instants(at(date(2025, 4, 17), "15:00"), at(date(2025, 4, 21), "23:00"), TICK):
        desk.look(now)

    assert [(now, key.event) for now, key in desk.acts if key.day == good_friday] == [
        (at(date(2025, 4, 17), "22:00"), "open"),
        (at(good_friday, "13:15"), "close"),
    ]
    assert_once(desk)


@settings(max_examples=60)
@given(
    changes=st.lists(
        st.tuples(st.integers(1, 5 * 96), st.sampled_from([None, time(3), time(8, 30), time(12), "regular"])),
        max_size=6,
    )
)
def test_however_the_hours_of_a_day_change_nothing_is_done_twice_and_nothing_stays_undone(
    changes: list[tuple[int, time | str | None]],
) -> None:
    desk = Desk([CME])
    start = at(date(2025, 10, 8), "15:00")

    for number in range(5 * 96):
        for place, close in changes:
            if place == number:
                desk.markets = [CME if close == "regular" else changed(Override(THURSDAY, close, "a change", False))]
        desk.look(start + number * 15 * MINUTE)

    assert_once(desk)
    done = {key for _, key in desk.acts} | desk.skips.keys()
    assert {EventKey("CME_Futures", THURSDAY, "open"), EventKey("CME_Futures", THURSDAY, "close")} <= done
    assert {EventKey("CME_Futures", FRIDAY, "open"), EventKey("CME_Futures", FRIDAY, "close")} <= done


@cache
def changed(override: Override) -> Market:
    """CME_Futures with other hours on a day."""
    told = Overrides({"CME_Futures": (override,)})
    return Market(PROFILES["CME_Futures"], NOW, lambda: told)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def thinned(start: datetime, end: datetime, phase: timedelta) -> Iterator[datetime]:
    """Ticks of a grid of 15 s: around each open and close, after each completion, and one in six hours elsewhere."""
    due = set(due_between(start.date(), end.date() + 7 * DAY).values())
    close_by = {on_grid(corner, phase) + step * TICK for corner in due for step in (0, 1)}
    after = {on_grid(corner + SETTLING, phase) + TICK for corner in due}
    before = datetime.min.replace(tzinfo=UTC)
    for now in merge(sorted(close_by | after), instants(start + phase, end, 6 * HOUR)):
        if max(before, start - TICK) < now < end:
            yield now
            before = now


def on_grid(instant: datetime, phase: timedelta) -> datetime:
    """The last tick before an instant, of ticks 15 s apart."""
    beyond = (instant - datetime(2022, 1, 1, tzinfo=UTC) - phase) % TICK
    return instant - (beyond or TICK)


def due_between(first: date, last: date) -> Mapping[EventKey, datetime]:
    """When each open and close of the markets is due, of sessions from `first` to `last`, both included."""
    found = {}
    for market in MARKETS.values():
        for hours in market.sessions(first, last + DAY):
            found[EventKey(market.name, hours.day, "open")] = hours.open
            found[EventKey(market.name, hours.day, "close")] = hours.close
    return found


def due_sessions(market: Market, begin: datetime, until: datetime) -> list[Session]:
    """The sessions that a desk which began at one instant must have closed at another."""
    hours = market.sessions(begin.date() - DAY, until.date() + 7 * DAY)
    return [one for one in hours if one.close > begin and one.close <= until]


def assert_settled(desk: Desk, begin: datetime, now: datetime) -> None:
    """Nothing that was due is left, and nothing happened that was not."""
    for market in MARKETS.values():
        over = {one.day for one in due_sessions(market, begin, now)}
        begun = {key.day for _, key in desk.acts if key.market == market.name and key.event == "close"}
        assert begun == over
        running = market.session(market.session_of(now))
        is_open = desk.record.status(EventKey(market.name, running.day, "open")) == "done"
        assert now >= running.close or is_open == (now >= running.open)


def assert_once(desk: Desk) -> None:
    """No event was acted on or completed twice."""
    for done in (desk.acts, desk.completed):
        assert set(Counter(key for _, key in done).values()) <= {1}


def closes(desk: Desk) -> list[tuple[datetime, date]]:
    """When closes were acted on, of which days."""
    return [(now, key.day) for now, key in desk.acts if key.event == "close"]
