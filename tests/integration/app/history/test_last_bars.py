import random
from datetime import UTC, date, datetime, timedelta

import pytest

from app.api.bar_question import preferred
from app.errors import Conflict, Rejected
from app.history import last_bars
from app.history.bar_range import BarRange
from app.history.bars import bar_sources, read_bars
from app.history.covered_bars import opening_times
from app.history.holes import find_holes, read_covers
from app.history.last_bars import read_last_bars
from app.history.timeframes import LENGTHS
from app.lake.layout import Lake
from app.quotes import EARLIEST
from tests.sessions import hours_of, store_day, trade_on
from tests.ticks import MARKETS, store_quotes

# Thursday, Friday, and the Monday after the clocks went back; the days about Thanksgiving, two of them short.
AUTUMN = [date(2025, 10, 30), date(2025, 10, 31), date(2025, 11, 3)]
HOLIDAYS = [date(2025, 11, 26), date(2025, 11, 27), date(2025, 11, 28), date(2025, 12, 1)]
AFTER = datetime(2025, 12, 5, tzinfo=UTC)
PLACES = ("database", "both", "lake")


def test_the_last_bars_stand_in_the_order_of_time_and_reach_back_over_sessions(last, store):
    for day in AUTUMN:
        store(day, [trade_on(day, 60 * minute, day.day) for minute in (0, 1, 5)])

    found = last(5)

    assert found.bars.column("close").to_pylist() == [31, 31, 3, 3, 3]
    assert found.wanted.start == found.previous_end == hours_of(AUTUMN[1]).open + timedelta(minutes=1)
    assert (found.wanted.end, found.source, found.sources) == (AFTER, "REPLAY", ["REPLAY"])


def test_bars_open_before_the_end_and_have_closed_by_then(last, store):
    day = AUTUMN[0]
    store(day, [trade_on(day, 60 * minute, minute) for minute in range(6)])
    at = hours_of(day).open

    before = last(2, end=at + timedelta(minutes=4))
    inside = last(2, end=at + timedelta(minutes=3, seconds=1))
    known = last(2, end=at + timedelta(minutes=4), known_until=at + timedelta(minutes=3, seconds=59))

    assert [found.bars.column("close").to_pylist() for found in (before, inside, known)] == [[2, 3], [2, 3], [1, 2]]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("days", [AUTUMN, HOLIDAYS], ids=["clock change and weekend", "holidays"])
def test_daily_bars_are_the_sessions_with_their_own_hours(last, store, place, days):
    for day in days:
        store(day, [trade_on(day, 100, 1), trade_on(day, 30_000, 9), trade_on(day, 60_000, 5)], place)

    bars = last(10, timeframe="1d").bars

    assert [(bar["t_open"], bar["t_close"]) for bar in bars.to_pylist()] == [
        (hours_of(day).open, hours_of(day).close) for day in days
    ]
    prices = [[bar[name] for name in ("open", "high", "low", "close")] for bar in bars.to_pylist()]
    assert prices == [[1, 9, 1, 5]] * len(days)


def test_a_day_off_and_a_day_without_ticks_are_walked_over(last, store):
    for day in (date(2025, 12, 24), date(2025, 12, 29)):
        store(day, [trade_on(day, 0, day.day)])
    # Nothing of Christmas, and of the 26th only another symbol.
    store(date(2025, 12, 26), [trade_on(date(2025, 12, 26), 0, 1, symbol="NQ")])

    found = last(2, end=datetime(2026, 1, 2, tzinfo=UTC), known_until=datetime(2026, 1, 2, tzinfo=UTC))

    assert found.bars.column("close").to_pylist() == [24, 29]
    assert found.previous_end is None


def test_a_file_that_nobody_needs_is_not_opened(last, store, lake):
    for day in AUTUMN:
        store(day, [trade_on(day, 60 * minute, day.day) for minute in range(3)], "lake")
    for day in AUTUMN[:2]:
        lake.bars_file(day, "ES", "1m").write_bytes(b"damaged")

    assert last(2).bars.num_rows == 2
    with pytest.raises(Conflict, match="2025-10-31"):
        last(3)


def test_a_recorded_file_that_is_gone_is_told_and_not_walked_over(last, store, lake):
    for day in AUTUMN:
        store(day, [trade_on(day, 0, day.day)], "lake")
    lake.bars_file(AUTUMN[1], "ES", "1m").unlink()

    with pytest.raises(Conflict, match="2025-10-31"):
        last(3)


def test_the_newest_session_with_bars_says_whose_they_are_and_no_other_is_mixed_in(last, store):
    store(AUTUMN[0], [trade_on(AUTUMN[0], 0, 1), trade_on(AUTUMN[0], 0, 2, source="SCHWAB")])
    store(AUTUMN[1], [trade_on(AUTUMN[1], 0, 3)])

    chosen, named, older = last(5), last(5, source="SCHWAB"), last(5, end=hours_of(AUTUMN[1]).open)

    assert (chosen.source, chosen.bars.column("close").to_pylist()) == ("REPLAY", [1, 3])
    assert chosen.sources == ["REPLAY", "SCHWAB"]
    assert (named.source, named.bars.column("close").to_pylist(), named.previous_end) == ("SCHWAB", [2], None)
    assert (older.source, older.bars.column("close").to_pylist()) == ("SCHWAB", [2])


def test_sources_are_those_of_the_range_alone(last, store):
    day = AUTUMN[0]
    store(day, [trade_on(day, 0, 2, source="EXCEL"), trade_on(day, 60, 1), trade_on(day, 120, 1)])

    assert last(1, source="REPLAY").sources == ["REPLAY"]
    assert last(2, source="REPLAY").sources == ["REPLAY"]
    assert last(2, source="EXCEL").sources == ["EXCEL", "REPLAY"]


def test_a_session_that_has_begun_with_another_source_is_that_sources(last, store):
    store(AUTUMN[0], [trade_on(AUTUMN[0], 0, 1)])
    store(AUTUMN[1], [trade_on(AUTUMN[1], 10, 2, source="SCHWAB")])
    at = hours_of(AUTUMN[1]).open + timedelta(seconds=30)

    found = last(5, end=at, known_until=at)

    assert (found.source, found.sources, found.bars.num_rows) == ("SCHWAB", ["SCHWAB"], 0)
    assert found.forming.bar.column("close").to_pylist() == [2]


def test_one_question_reads_so_many_sessions_and_says_where_it_stopped(last, store, monkeypatch):
    for day in HOLIDAYS:
        store(day, [trade_on(day, 0, day.day)], "lake")
    monkeypatch.setattr(last_bars, "SESSIONS_LIMIT", 2)

    pages = [last(3)]
    while pages[-1].previous_end:
        pages.append(last(3, end=pages[-1].previous_end))

    assert [page.bars.column("close").to_pylist() for page in pages] == [[28, 1], [26, 27]]
    assert [page.wanted.start for page in pages] == [hours_of(HOLIDAYS[2]).open, hours_of(HOLIDAYS[0]).open]
    assert pages[0].previous_end == hours_of(HOLIDAYS[2]).open


def test_sessions_in_which_a_source_has_nothing_lead_on(last, store, monkeypatch):
    store(HOLIDAYS[0], [trade_on(HOLIDAYS[0], 0, 1, source="SCHWAB")], "lake")
    for day in HOLIDAYS[1:]:
        store(day, [trade_on(day, 0, day.day)], "lake")
    monkeypatch.setattr(last_bars, "SESSIONS_LIMIT", 2)

    first = last(1, source="SCHWAB")

    assert (first.bars.num_rows, first.wanted.start) == (0, first.previous_end)
    assert last(1, source="SCHWAB", end=first.previous_end).bars.num_rows == 1


def test_where_nothing_is_there_is_nothing_before(last, store):
    store(AUTUMN[1], [trade_on(AUTUMN[1], 0, 1)])

    none = last(5, end=hours_of(AUTUMN[0]).open)

    assert (none.bars.num_rows, none.source, none.sources, none.previous_end) == (0, None, [], None)
    assert none.wanted.start == none.wanted.end == hours_of(AUTUMN[0]).open


@pytest.mark.parametrize("end", [datetime(1999, 12, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_an_end_before_the_calendar_is_rejected(last, end):
    with pytest.raises(Rejected, match="outside the calendar"):
        last(5, end=end)


@pytest.mark.parametrize("name", LENGTHS)
@pytest.mark.parametrize("seed", range(2))
def test_pages_of_last_bars_joined_are_the_range_with_its_holes(sessions, lake, last, store, seed, name):
    dice = random.Random(seed)
    for day in (*AUTUMN, *HOLIDAYS):
        store(day, wild_day(dice, day), dice.choice(PLACES))
    end = hours_of(HOLIDAYS[-1]).open + timedelta(hours=dice.randint(1, 20), seconds=17)
    count = dice.randint(1, 40) if name != "1d" else 2

    pages = [last(count, timeframe=name, end=end, known_until=end, source="REPLAY")]
    while pages[-1].previous_end:
        pages.append(last(count, timeframe=name, end=pages[-1].previous_end, known_until=end, source="REPLAY"))
    pages.reverse()

    wanted = BarRange("ES", name, pages[0].wanted.start, end, end)
    with sessions() as session:
        forward = read_bars(session, lake, MARKETS, wanted, source="REPLAY")
        earlier = read_bars(
            session, lake, MARKETS, BarRange("ES", name, hours_of(AUTUMN[0]).open, end, end), source="REPLAY"
        )
        sources = bar_sources(session, lake, MARKETS, wanted)
    assert [bar for page in pages for bar in page.bars.to_pylist()] == forward.to_pylist() == earlier.to_pylist()
    assert [page.bars.num_rows for page in pages[1:]] == [count] * (len(pages) - 1)
    assert set().union(*(page.sources for page in pages)) <= set(sources)
    assert [hole for page in pages for hole in holes(sessions, page.wanted, page.bars)] == list(
        holes(sessions, wanted, forward)
    )


def wild_day(dice, day):
    """Two sources with gaps, one of which may be quiet all day."""
    length = (hours_of(day).close - hours_of(day).open).total_seconds()
    count = dice.choice([1, 12, 30])
    times = sorted(dice.uniform(0, length - 1) for _ in range(count))
    sources = [dice.choice(["REPLAY", "REPLAY", "SCHWAB"]) for _ in times]
    return [
        trade_on(day, at_s, dice.randint(-40, 40) / 8, seq=seq, source=source)
        for seq, (at_s, source) in enumerate(zip(times, sources, strict=True))
    ]


def holes(sessions, wanted, bars):
    hours = wanted.sessions(MARKETS)
    with sessions() as session:
        covers = read_covers(session, MARKETS.default, "REPLAY", [one.day for one in hours], wanted.known_until)
    return list(find_holes(hours, wanted, opening_times(bars), covers))


@pytest.fixture
def last(sessions, lake):
    def ask(count, timeframe="1m", end=AFTER, known_until=AFTER, source=None):
        wanted = BarRange("ES", timeframe, EARLIEST, end, known_until)
        with sessions() as session:
            return read_last_bars(session, lake, MARKETS, wanted, count, source, lambda found: preferred(found, ()))

    return ask


@pytest.fixture
def store(sessions, lake):
    def put(day, quotes, place="database"):
        if any(one.symbol != "ES" for one in quotes):
            store_quotes(sessions, quotes)
        else:
            store_day(sessions, lake, quotes, place)

    return put


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
