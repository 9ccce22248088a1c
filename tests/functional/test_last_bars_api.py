import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from app.api.bar_shapes import BarsAnswer
from app.api.negotiation import ARROW, CSV
from app.clock import instant_text
from tests.factories import DAY
from tests.fakes import FixedClock
from tests.sessions import hours_of, store_day, trade_on
from tests.ticks import CLOSE, LATER, OPEN, store_quotes, trade

BEFORE = date(2025, 10, 8)
FRIDAY = date(2025, 10, 3)
MONDAY = date(2025, 10, 6)


def test_the_last_bars_are_answered_with_the_way_further_back(ask, store):
    store(BEFORE, [trade_on(BEFORE, 60 * minute, minute) for minute in range(3)])
    store(DAY, [trade_on(DAY, 60 * minute, 10 + minute) for minute in range(2)])

    answer = ask("symbol=ES&last=3")

    assert BarsAnswer.model_validate(answer).model_dump(by_alias=True) == answer
    assert [bar["open"] for bar in answer["bars"]] == ["2", "10", "11"]
    assert answer["start"] == answer["previous_end"] == instant_text(hours_of(BEFORE).open + timedelta(minutes=2))
    assert (answer["end"], answer["truncated"], answer["next_cursor"]) == (instant_text(LATER), False, None)
    assert (answer["source"], answer["sources"]) == ("REPLAY", ["REPLAY"])


@pytest.mark.parametrize("timeframe", ["1m", "15m", "4h", "1d"])
def test_a_chart_that_scrolls_back_over_a_weekend_meets_each_bar_and_hole_once(ask, store, timeframe):
    for day, place in ((FRIDAY, "lake"), (MONDAY, "both"), (DAY, "database")):
        store(day, [trade_on(day, 700 * i, i) for i in range(60)], place)

    pages = [ask(f"symbol=ES&timeframe={timeframe}&last=25&end=2025-10-09T12:00:00Z&at=2025-10-09T20:00:00Z")]
    while end := pages[-1]["previous_end"]:
        pages.append(ask(f"symbol=ES&timeframe={timeframe}&last=25&end={end}&at=2025-10-09T20:00:00Z"))
    pages.reverse()

    whole = ask(
        f"symbol=ES&timeframe={timeframe}&start={pages[0]['start']}&end=2025-10-09T12:00:00Z&at=2025-10-09T20:00:00Z"
    )
    assert [bar for page in pages for bar in page["bars"]] == whole["bars"] != []
    assert [hole for page in pages for hole in page["holes"]] == whole["holes"]


def test_csv_and_arrow_have_the_same_bars_and_name_what_is_before(client, ask, store):
    store(DAY, [trade_on(DAY, 60 * minute, Decimal(minute) / 8) for minute in range(5)])
    found = ask("symbol=ES&last=2&at=2025-10-09T20:00:00Z")
    address, opens = "/api/bars?symbol=ES&last=2&at=2025-10-09T20:00:00Z", []

    table = client.get(address, headers={"Accept": ARROW})
    while address:
        answer = client.get(address, headers={"Accept": CSV})
        opens = [row["open"] for row in csv.DictReader(io.StringIO(answer.text))] + opens
        assert "next" not in answer.headers.get("Link", "")
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")

    assert opens == ["0", "0.125", "0.25", "0.375", "0.5"]
    rows = pa.ipc.open_stream(table.data).read_all().to_pylist()
    assert [row["open"] for row in rows] == [Decimal(bar["open"]) for bar in found["bars"]]
    assert table.headers["X-Previous-End"] == found["previous_end"]
    assert "source=REPLAY" in table.headers["Link"]


def test_what_is_before_is_asked_of_the_same_source(client, store):
    store(BEFORE, [trade_on(BEFORE, 0, 1), trade_on(BEFORE, 0, 2, source="SCHWAB")])
    store(DAY, [trade_on(DAY, 0, 3)])

    first = client.get("/api/bars?symbol=ES&last=1")
    second = client.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert [bar["open"] for answer in (first, second) for bar in answer.json["bars"]] == ["3", "1"]


@pytest.mark.parametrize("more", ["start=2025-10-08T22:00:00Z", "limit=5", "cursor=abc", "limit=5&cursor=abc"])
def test_last_goes_with_no_other_way_to_say_how_many(client, store, more):
    store(DAY, [trade_on(DAY, 0, 1)])

    answer = client.get(f"/api/bars?symbol=ES&last=5&{more}")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert all(name in answer.json["detail"] for name in ("last", more.partition("=")[0]))


@pytest.mark.parametrize("end", ["1999-12-31T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_an_end_before_the_calendar_is_a_mistake(client, store, end):
    store(DAY, [trade_on(DAY, 0, 1)])

    assert client.get(f"/api/bars?symbol=ES&last=5&end={end}").status_code == 400


def test_before_all_bars_there_are_none_and_of_an_unknown_symbol_there_is_nothing(client, ask, store):
    store(DAY, [trade_on(DAY, 0, 1)])

    answer = ask("symbol=ES&last=5&end=2020-01-01T00:00:00Z")

    assert (answer["bars"], answer["holes"], answer["previous_end"]) == ([], [], None)
    for query in ("symbol=NQ", "symbol=NQ&source=SCHWAB", "symbol=ES&at=2025-10-01T00:00:00Z"):
        assert client.get(f"/api/bars?last=5&{query}").status_code == 404


def test_a_damaged_file_is_told_and_not_guessed_at(client, ask, store, rt):
    for day in (FRIDAY, MONDAY):
        store(day, [trade_on(day, 0, 1)], "lake")
    path = rt.lake.bars_file(FRIDAY, "ES", "1h")
    path.write_bytes(path.read_bytes()[:-9])

    answer = client.get("/api/bars?symbol=ES&last=2&timeframe=1d")

    assert (answer.status_code, "2025-10-03" in answer.json["detail"]) == (409, True)
    assert str(rt.lake.root) not in answer.text
    assert len(ask("symbol=ES&last=2&timeframe=15m")["bars"]) == 2


def test_the_bar_that_runs_is_told_beside_those_that_have_closed(ask, sessions, clock):
    clock.advance(OPEN + timedelta(seconds=90) - LATER)
    store_quotes(sessions, [trade(0, 10, 1), trade(61, "11.25", 3), trade(89, 12, 7)])

    plain, answer = ask("symbol=ES&last=5"), ask("symbol=ES&last=5&forming=true")

    assert BarsAnswer.model_validate(answer).model_dump(by_alias=True) == answer
    assert answer["forming"] == {
        "t_open": "2025-10-08T22:01:00.000000Z",
        "t_close": "2025-10-08T22:02:00.000000Z",
        "open": "11.25",
        "high": "12",
        "low": "11.25",
        "close": "12",
        "volume": 6,
        "tick_count": 2,
        "source": "REPLAY",
        "coverage": None,
        "through": "2025-10-08T22:01:29.000000Z",
        "through_seq": "1089000",
    }
    assert plain == {**answer, "forming": None}
    assert [bar["open"] for bar in answer["bars"]] == ["10"]


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m", "30m", "1h", "4h", "1d"])
def test_every_timeframe_has_a_bar_that_runs(ask, sessions, clock, timeframe):
    clock.advance(OPEN + timedelta(seconds=30) - LATER)
    store_quotes(sessions, [trade(10, 10, 1)])

    answer = ask(f"symbol=ES&timeframe={timeframe}&last=5&forming=true")

    assert (answer["forming"]["open"], answer["bars"], answer["source"]) == ("10", [], "REPLAY")
    if timeframe == "1d":
        assert answer["forming"]["t_close"] == instant_text(CLOSE)


@pytest.mark.parametrize(
    ("query", "is_told"),
    [
        ("", True),
        ("&start=2025-10-08T22:00:00Z", True),
        ("&start=2025-10-08T22:00:00Z&end=2025-10-08T22:01:29Z", False),
        ("&start=2025-10-08T22:01:10Z", False),
        ("&start=2025-10-08T22:00:00Z&limit=1", True),
        ("&start=2025-10-08T21:00:00Z&limit=1&at=2025-10-08T22:00:40Z", True),
        ("&last=1&end=2025-10-08T22:01:00Z", False),
        ("&last=1&at=2025-10-08T22:01:20Z", False),
        ("&last=1&source=SCHWAB", False),
    ],
)
def test_the_bar_that_runs_is_told_where_the_range_reaches_it(ask, sessions, clock, query, is_told):
    clock.advance(OPEN + timedelta(seconds=90) - LATER)
    store_quotes(sessions, [trade(0, 10, 1), trade(85, 11, 3)])

    assert (ask(f"symbol=ES&forming=true{query}")["forming"] is not None) == is_told


def test_with_the_bar_that_runs_the_newest_session_is_the_one_that_has_begun(ask, sessions, store, clock):
    store(MONDAY, [trade_on(MONDAY, 0, 1)])
    clock.advance(OPEN + timedelta(seconds=30) - LATER)
    store_quotes(sessions, [trade(10, 10, 1)])

    plain, answer = ask("symbol=ES"), ask("symbol=ES&forming=true")

    assert [bar["open"] for bar in plain["bars"]] == ["1"]
    assert (answer["forming"]["open"], answer["bars"], answer["start"]) == ("10", [], instant_text(OPEN))
    assert answer["sources"] == [answer["source"]] == ["REPLAY"]


def test_a_page_that_is_cut_off_does_not_reach_the_bar_that_runs(ask, sessions, clock):
    clock.advance(OPEN + timedelta(seconds=150) - LATER)
    store_quotes(sessions, [trade(0, 10, 1), trade(61, 11, 2), trade(130, 12, 3)])

    assert ask("symbol=ES&forming=true&limit=1")["forming"] is None
    assert ask("symbol=ES&forming=true&limit=2")["forming"]["open"] == "12"


@pytest.mark.parametrize("form", [CSV, ARROW])
def test_the_bar_that_runs_is_no_row_of_a_table(client, store, form):
    store(DAY, [trade_on(DAY, 0, 1)])

    answer = client.get("/api/bars?symbol=ES&forming=true", headers={"Accept": form})

    assert (answer.status_code, "JSON" in answer.json["detail"]) == (400, True)


@pytest.fixture
def clock():
    return FixedClock(LATER)


@pytest.fixture
def store(sessions, rt):
    def put(day, quotes, place="database"):
        assert {one.session_date for one in quotes} == {day}
        store_day(sessions, rt.lake, quotes, place)

    return put


@pytest.fixture
def ask(client):
    def answer_to(query):
        answer = client.get(f"/api/bars?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    return answer_to
