from datetime import timedelta

import pytest
from sqlalchemy import text

from app.history.bar_range import BarRange
from app.history.holes import _EVENTFUL, DayCover, find_holes, read_covers
from app.ledger.coverage import cover_events, merge_coverage, window_on
from app.market.markets import market
from app.market.timetable import micros_of
from tests.factories import DAY
from tests.ticks import CLOSE, HOURS, LATER, OPEN, store_quotes, trade

NEXT = DAY + timedelta(days=1)
WINDOW = window_on(market(), DAY)


def test_a_stretch_without_bars_is_quiet_where_the_feed_was_alive_and_else_without_feed():
    covers = {DAY: cover([*range(30), 40])}

    found = holes(opened=[0, 1, 5], covers=covers)

    assert found == [(2, 5, "quiet"), (6, 30, "quiet"), (30, 40, "no_feed"), (40, 41, "quiet"), (41, 60, "no_feed")]


def test_what_nobody_recorded_is_unknown():
    assert holes(opened=[0, 1, 5], covers={}) == [(2, 5, "unknown"), (6, 60, "unknown")]
    assert holes(opened=[], covers={}) == [(0, 60, "unknown")]


def test_a_longer_bucket_is_quiet_only_when_all_its_minutes_were_covered():
    covers = {DAY: cover(range(17))}

    assert holes(opened=[0], covers=covers, timeframe="5m") == [(5, 15, "quiet"), (15, 60, "no_feed")]


def test_it_is_too_early_to_tell_while_events_may_still_show_the_feed_alive():
    covers = {DAY: cover(range(30), settled=35)}

    found = holes(opened=[0], covers=covers, known_until=40)

    assert found == [(1, 30, "quiet"), (30, 35, "no_feed"), (35, 40, "unknown")]


@pytest.mark.parametrize(("known_until", "end"), [(10.5, 60), (60, 10), (60, 9.5)])
def test_only_buckets_that_open_in_the_range_and_have_closed_count(known_until, end):
    found = holes(opened=[0], covers={}, start=2.5, end=end, known_until=known_until)

    assert found == [(3, 10, "unknown")]


def test_the_last_bucket_ends_with_the_session_and_the_pause_is_no_hole():
    hours = [HOURS, market().session(NEXT)]
    wanted = BarRange("ES", "1h", CLOSE - timedelta(minutes=90), hours[1].open + timedelta(hours=2), LATER)

    found = list(find_holes(hours, wanted, [], {}))

    assert [(hole.start, hole.end) for hole in found] == [
        (CLOSE - timedelta(hours=1), CLOSE),
        (hours[1].open, hours[1].open + timedelta(hours=2)),
    ]


def test_holes_and_bars_together_are_the_whole_session():
    opened = [0, 3, 4, 59]
    found = holes(opened=opened, covers={DAY: cover([2, 3, 20])})

    minutes = [minute for first, last, _ in found for minute in range(int(first), int(last))]
    assert sorted([*minutes, *opened]) == list(range(60))


def test_what_is_recorded_of_a_day_counts(sessions, covers_of):
    record(sessions, [10, 11], LATER)

    (found,) = covers_of(LATER).values()

    assert found.share(at(10), at(12)) == 1
    assert found.share(at(9), at(13)) == 0.5


def test_a_day_without_a_record_is_told_by_the_ticks_of_all_symbols(sessions, covers_of):
    ticks = [trade(60 * minute, 1, 1, symbol=symbol) for minute, symbol in ((0, "ES"), (2, "NQ"), (9, "YM"))]
    store_quotes(sessions, [*ticks, trade(60 * 20, 1, 1, source="SCHWAB")])

    (found,) = covers_of(LATER).values()

    assert [found.label(at(m), at(m + 1)) for m in (0, 1, 2, 3, 9, 20)] == ["quiet"] * 3 + [
        "no_feed",
        "quiet",
        "no_feed",
    ]


def test_the_ticks_tell_what_came_since_the_record(sessions, covers_of):
    store_quotes(sessions, [trade(60 * minute, 1, 1) for minute in (20, 21)])
    record(sessions, [1, 2, 3], at(15))

    (found,) = covers_of(at(40)).values()

    assert [found.share(at(m), at(m + 1)) for m in (2, 20, 21, 30)] == [1, 1, 1, 0]


def test_nothing_is_known_of_a_day_without_record_and_ticks(sessions, covers_of):
    store_quotes(sessions, [trade(0, 1, 1, source="SCHWAB")])

    assert covers_of(LATER) == {}
    assert covers_of(OPEN - timedelta(hours=2)) == {}


def test_asking_for_the_minutes_reads_the_index_and_not_the_ticks(sessions):
    store_quotes(sessions, [trade(second, 1, 1, symbol=symbol) for second in range(3000) for symbol in ("ES", "NQ")])
    with sessions() as session:
        session.execute(text("ANALYZE ticks"))
        values = {"day": DAY, "source": "REPLAY", "start": OPEN, "last": CLOSE}
        plan = "\n".join(session.scalars(text(f"EXPLAIN {_EVENTFUL.text}"), values))

    assert "Seq Scan on ticks" not in plan


def cover(minutes, settled=60):
    times = [micros_of(at(minute)) for minute in minutes]
    return DayCover(WINDOW, cover_events(WINDOW, times), at(settled))


def holes(opened, covers, timeframe="1m", start=0, end=60, known_until=60):
    wanted = BarRange("ES", timeframe, at(start), at(end), at(known_until))
    found = find_holes([HOURS], wanted, [at(minute) for minute in opened], covers)
    return [
        ((hole.start - OPEN) / timedelta(minutes=1), (hole.end - OPEN) / timedelta(minutes=1), hole.label)
        for hole in found
    ]


def at(minute):
    return OPEN + timedelta(minutes=minute)


def record(sessions, minutes, now):
    with sessions.begin() as session:
        merge_coverage(session, "REPLAY", DAY, cover(minutes).minutes, now)


@pytest.fixture
def covers_of(sessions):
    def read(now):
        with sessions() as session:
            return read_covers(session, market(), "REPLAY", [DAY, NEXT], now)

    return read
