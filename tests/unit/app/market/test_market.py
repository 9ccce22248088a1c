"""The CME equity-index market: trading days, openings, closes and the edges of its calendar."""

import csv
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import NotFound, Rejected
from app.market.market import Market
from app.market.markets import market
from app.market.sessions import Transition, TransitionType
from app.market.timetable import Profile

ROOT = Path(__file__).parents[4]
SHARED = ROOT.parent / "shared" / "data"
CHICAGO = ZoneInfo("America/Chicago")
TICK = timedelta(microseconds=1)

needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the recorded data folder {SHARED} is absent")
instants = st.datetimes(datetime(2000, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))


class SettableClock:
    def __init__(self, now: datetime) -> None:
        self.present = now

    def now(self) -> datetime:
        return self.present


CME = Market(
    Profile("CME_Futures", "CMEGLOBEX_EQUITY", CHICAGO, timedelta(hours=17)),
    SettableClock(datetime(2026, 6, 1, tzinfo=UTC)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def chicago(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO)


def fresh_market() -> Market:
    return Market(
        Profile("CME_Futures", "CMEGLOBEX_EQUITY", CHICAGO, timedelta(hours=17)),
        SettableClock(at("2026-06-01T00:00:00Z")),
    )


def example_rows() -> list[dict[str, str]]:
    if not SHARED.is_dir():
        return []
    with (SHARED / "session_examples.csv").open(newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["market"] == "CME_Futures"]


def days_in(name: str) -> Counter[date]:
    stamps = pq.read_table(SHARED / name, columns=["ts"]).column("ts").to_pylist()
    return Counter(CME.session_of(ts) for ts in stamps)


@needs_shared_data
@pytest.mark.parametrize("row", example_rows(), ids=lambda row: row["at_utc"])
def test_each_worked_answer_has_its_trading_day_its_state_and_its_next_transition(row: dict[str, str]) -> None:
    instant = at(row["at_utc"])

    assert CME.session_of(instant) == date.fromisoformat(row["session_date"])
    assert CME.is_open(instant) == (row["status"] == "OPEN")
    following = Transition(at(row["next_transition_utc"]), TransitionType(row["next_transition_type"]))
    assert CME.next_transition(instant) == following


@needs_shared_data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "gc_20131007_20131008_trades.parquet",
            {date(2013, 10, 7): 39_306, date(2013, 10, 8): 50_995, date(2013, 10, 9): 1_439},
        ),
        ("es_20231225_l1_christmas_reopen.parquet", {date(2023, 12, 26): 25_490}),
        ("es_20240701_l1_utc_midnight.parquet", {date(2024, 7, 2): 2_288}),
    ],
)
def test_recorded_ticks_fall_on_their_trading_days(name: str, expected: dict[date, int]) -> None:
    assert days_in(name) == expected


@needs_shared_data
def test_every_recorded_gold_trade_lies_inside_a_session() -> None:
    stamps = pq.read_table(SHARED / "gc_20131007_20131008_trades.parquet", columns=["ts"]).column("ts").to_pylist()

    assert [ts for ts in stamps if not CME.is_open(ts)] == []


@given(instants, instants)
def test_a_later_instant_never_has_an_earlier_trading_day(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))

    assert CME.session_of(earlier) <= CME.session_of(later)


@given(instants)
def test_an_instant_lies_in_exactly_one_window_and_windows_touch(instant: datetime) -> None:
    window = CME.window_of(instant)

    assert window.start <= instant < window.end
    assert window.day == CME.session_of(instant)
    assert CME.window_of(window.end).start == window.end
    assert CME.session_of(window.end - TICK) == window.day < CME.session_of(window.end)


@given(instants)
def test_an_open_market_is_inside_the_session_of_its_trading_day(instant: datetime) -> None:
    session = CME.session(CME.session_of(instant))

    assert session is not None
    assert CME.is_open(instant) == (session.open <= instant < session.close)


@given(instants)
def test_a_session_that_begins_next_is_the_first_one_after_the_instant(instant: datetime) -> None:
    following = CME.next_transition(instant)
    opening = following.at if following.type is TransitionType.OPEN else CME.next_transition(following.at).at

    assert opening > instant
    assert opening.astimezone(CHICAGO).hour == 17
    assert not any(instant < s.open < opening for s in CME.sessions(instant.date(), opening.date()))


@settings(max_examples=25)
@given(st.dates(date(2000, 1, 1), date(2027, 1, 1)), st.integers(0, 400))
def test_sessions_of_a_range_are_those_of_its_days(start: date, length: int) -> None:
    days = [start + timedelta(days=i) for i in range(length)]

    sessions = CME.sessions(start, start + timedelta(days=length))

    assert sessions == [s for day in days if (s := CME.session(day)) is not None]
    assert all(one.close < other.open for one, other in pairwise(sessions))


@pytest.mark.parametrize(
    ("day", "close", "opening"),
    [
        ("2025-10-31", "2025-10-31T21:00:00Z", "2025-11-02T23:00:00Z"),
        ("2026-03-06", "2026-03-06T22:00:00Z", "2026-03-08T22:00:00Z"),
        ("2013-03-08", "2013-03-08T22:15:00Z", "2013-03-10T22:00:00Z"),
    ],
)
def test_a_clock_change_over_a_weekend_moves_the_utc_hours_and_nothing_else(day: str, close: str, opening: str) -> None:
    session = CME.session(date.fromisoformat(day))

    assert session is not None
    assert session.close == at(close)
    assert CME.next_transition(session.close) == Transition(at(opening), TransitionType.OPEN)
    assert CME.session_of(at(opening) - TICK) == CME.session_of(at(opening))


def test_the_trading_day_rolls_at_five_in_the_afternoon() -> None:
    assert CME.session_of(chicago("2025-10-09T16:59:59.999999")) == date(2025, 10, 9)
    assert CME.session_of(chicago("2025-10-09T17:00:00")) == date(2025, 10, 10)


def test_a_good_friday_without_a_session_belongs_to_the_monday() -> None:
    window = CME.window_of(chicago("2025-04-18T10:00:00"))

    assert window.day == date(2025, 4, 21)
    assert (window.start, window.end) == (chicago("2025-04-17T17:00"), chicago("2025-04-21T17:00"))


def test_the_latest_completed_sessions_end_with_one_that_closes_at_this_very_instant() -> None:
    close = at("2025-11-28T18:15:00Z")

    assert [s.day.isoformat() for s in CME.last_completed(close, 3)] == ["2025-11-26", "2025-11-27", "2025-11-28"]
    assert [s.day.isoformat() for s in CME.last_completed(close - TICK, 1)] == ["2025-11-27"]


def test_completed_sessions_do_not_reach_behind_the_calendar() -> None:
    assert [s.day for s in CME.last_completed(at("2000-01-05T00:00:00Z"), 50)] == [date(2000, 1, 3), date(2000, 1, 4)]
    assert CME.last_completed(at("2025-01-07T00:00:00Z"), 0) == []


def test_answers_are_in_utc_whatever_the_zone_of_the_question() -> None:
    tokyo = at("2025-10-10T07:00:00+09:00")

    assert CME.session_of(tokyo) == date(2025, 10, 10)
    assert CME.next_transition(tokyo).at.tzinfo is UTC
    assert CME.window_of(tokyo).start.tzinfo is UTC


def test_a_naive_time_is_rejected() -> None:
    with pytest.raises(Rejected, match="no zone"):
        CME.session_of(datetime(2025, 10, 9, 15, 30))


@pytest.mark.parametrize(
    "instant",
    [
        at("1999-12-31T23:59:59.999999Z"),
        at("2037-01-01T00:00:00Z"),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    ],
)
@pytest.mark.parametrize("question", ["session_of", "window_of", "is_open", "next_transition"])
def test_an_instant_outside_the_calendar_is_rejected(instant: datetime, question: str) -> None:
    with pytest.raises(Rejected, match="outside the calendar"):
        getattr(CME, question)(instant)


def test_the_first_and_the_last_instant_of_the_calendar_have_answers() -> None:
    assert CME.session_of(at("2000-01-01T00:00:00Z")) == date(2000, 1, 3)
    assert CME.next_transition(at("2036-12-31T23:59:59.999999Z")).at == at("2037-01-01T23:00:00Z")


def test_days_outside_the_calendar_are_rejected() -> None:
    with pytest.raises(Rejected, match="outside the calendar"):
        CME.session(date(2037, 1, 1))
    with pytest.raises(Rejected, match="outside the calendar"):
        CME.sessions(date(1999, 12, 1), date(2000, 2, 1))
    assert CME.sessions(date(2036, 12, 29), date(2037, 1, 1))[-1].day == date(2036, 12, 31)


def test_an_inverted_range_is_rejected_and_an_empty_one_is_empty() -> None:
    with pytest.raises(Rejected, match="after the last"):
        CME.sessions(date(2025, 1, 2), date(2025, 1, 1))
    assert CME.sessions(date(2025, 1, 2), date(2025, 1, 2)) == []


def test_the_calendar_grows_with_the_clock() -> None:
    clock = SettableClock(at("2023-12-31T23:00:00Z"))
    growing = Market(Profile("CME_Futures", "CMEGLOBEX_EQUITY", CHICAGO, timedelta(hours=17)), clock)
    with pytest.raises(Rejected):
        growing.session_of(at("2034-01-03T12:00:00Z"))

    clock.present = at("2024-01-01T00:00:00Z")

    assert growing.session_of(at("2034-01-03T12:00:00Z")) == date(2034, 1, 3)


def test_a_question_far_ahead_extends_the_calendar_to_its_end_at_once() -> None:
    growing = fresh_market()
    near = growing.vectors(at("2026-06-01T00:00:00Z"), at("2026-06-01T00:00:00Z"))

    far = growing.vectors(at("2029-01-01T00:00:00Z"), at("2029-01-01T00:00:00Z"))

    assert far is not near
    assert growing.vectors(at("2026-06-01T00:00:00Z"), at("2036-12-31T23:00:00Z")) is far


@pytest.mark.parametrize("zone", ["-12:00", "+00:00", "+14:00"])
@pytest.mark.parametrize("year", [2027, 2028, 2029])
def test_the_first_question_may_lie_at_the_end_of_a_year_in_any_zone(year: int, zone: str) -> None:
    for instant in (f"{year}-12-31T23:59:59{zone}", f"{year}-01-01T00:00:00{zone}"):
        assert fresh_market().session_of(at(instant)) == CME.session_of(at(instant))


def test_threads_that_ask_at_once_agree() -> None:
    fresh = fresh_market()
    asked = [at("2025-01-01T00:00:00Z") + timedelta(hours=7 * i) for i in range(200)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fresh.session_of, asked))

    assert answers == [CME.session_of(instant) for instant in asked]


def test_a_market_is_found_by_name_and_an_unknown_name_lists_the_known() -> None:
    assert market() is market("CME_Futures")
    assert (market().name, market().timezone) == ("CME_Futures", CHICAGO)
    with pytest.raises(NotFound, match="CME_Futures"):
        market("cme")


def test_importing_the_market_does_not_load_pandas() -> None:
    code = "import sys, app.market.market; sys.exit('pandas' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
