import csv
import io
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from app.api.bar_parameters import BarsQuery
from app.api.bar_question import understand_bars
from app.api.bar_shapes import BarsAnswer
from app.api.negotiation import ARROW, CSV
from app.clock import instant_text
from app.lake.files import publish
from app.lake.schemas import BAR_FILE
from tests.factories import DAY
from tests.fakes import FixedClock
from tests.lake_days import export_quotes, record_bars
from tests.ticks import CLOSE, LATER, OPEN, bar_table, store_quotes, trade

NEXT = DAY + timedelta(days=1)


def test_bars_have_exact_prices_and_say_whose_they_are(ask, lake):
    write(lake, [trade(0, "6751.25", 12, source="SCHWAB"), trade(0, "-0.0065325", None, source="SCHWAB")])

    answer = ask("symbol=ES&timeframe=1m&start=2025-10-08T22:00:00Z&end=2025-10-08T22:02:00Z")

    assert answer == {
        "symbol": "ES",
        "timeframe": "1m",
        "source": "SCHWAB",
        "sources": ["SCHWAB"],
        "start": "2025-10-08T22:00:00.000000Z",
        "end": "2025-10-08T22:02:00.000000Z",
        "bars": [
            {
                "t_open": "2025-10-08T22:00:00.000000Z",
                "t_close": "2025-10-08T22:01:00.000000Z",
                **dict.fromkeys(("open", "high", "low", "close"), "6751.25"),
                "volume": 12,
                "tick_count": 1,
                "source": "SCHWAB",
                "coverage": None,
            },
            {
                "t_open": "2025-10-08T22:01:00.000000Z",
                "t_close": "2025-10-08T22:02:00.000000Z",
                **dict.fromkeys(("open", "high", "low", "close"), "-0.0065325"),
                "volume": None,
                "tick_count": 1,
                "source": "SCHWAB",
                "coverage": None,
            },
        ],
        "holes": [],
        "forming": None,
        "truncated": False,
        "next_start": None,
        "next_cursor": None,
        "previous_end": None,
    }


@pytest.mark.parametrize(
    ("price", "text"), [("100", "100"), ("0", "0"), ("1e-9", "0.000000001"), ("1200.50", "1200.5")]
)
def test_prices_are_plain_decimal_text(ask, lake, price, text):
    write(lake, [trade(0, Decimal(price), 1)])

    assert ask("symbol=ES")["bars"][0]["open"] == text


def test_without_a_range_it_is_the_last_session(ask, lake):
    write(lake, [trade(0, 1, 1)] * 3)
    write(lake, [trade(0, 2, 1, session_date=NEXT)] * 2, first=OPEN + timedelta(days=1))

    last, before = ask("symbol=es"), ask("symbol=ES&at=2025-10-09T21:30:00Z")

    assert [bar["open"] for bar in last["bars"]] == ["2", "2"]
    assert (last["start"], last["timeframe"]) == ("2025-10-09T22:00:00.000000Z", "1m")
    assert [bar["open"] for bar in before["bars"]] == ["1", "1", "1"]
    assert (before["start"], before["end"]) == (instant_text(OPEN), instant_text(CLOSE))


def test_a_bar_is_not_known_before_its_close(ask, lake):
    write(lake, [trade(0, 1, 1)] * 3)

    answer = ask("symbol=ES&at=2025-10-08T22:02:59Z")

    assert [bar["t_close"] for bar in answer["bars"]] == ["2025-10-08T22:01:00.000000Z", "2025-10-08T22:02:00.000000Z"]
    assert answer["truncated"] is False


def test_a_range_without_end_reaches_to_now(ask, lake):
    write(lake, [trade(0, 1, 1)] * 3)

    answer = ask("symbol=ES&start=2025-10-08T22:01:00%2B00:00")

    assert len(answer["bars"]) == 2
    assert answer["end"] == instant_text(LATER)


def test_what_is_cut_off_can_be_asked_for_next(ask, lake):
    write(lake, [trade(0, i, 1) for i in range(5)])

    first = ask("symbol=ES&start=2025-10-08T22:00:00Z&limit=3")
    second = ask(f"symbol=ES&start={first['next_start']}&limit=3&source={first['source']}")

    assert [bar["open"] for bar in first["bars"] + second["bars"]] == ["0", "1", "2", "3", "4"]
    assert (first["truncated"], second["truncated"], second["next_start"]) == (True, False, None)


def test_a_limit_that_fits_exactly_cuts_nothing_off(ask, lake):
    write(lake, [trade(0, i, 1) for i in range(3)])

    assert ask("symbol=ES&limit=3")["truncated"] is False


def test_sources_are_never_mixed_and_the_most_real_one_is_preferred(ask, lake):
    sources = ("SIMULATED", "REPLAY", "EXCEL", "SCHWAB")
    write(lake, [trade(0, i, 1, source=source) for i, source in enumerate(sources)])

    chosen, asked = ask("symbol=ES"), ask("symbol=ES&source=REPLAY")

    assert (chosen["source"], chosen["sources"]) == ("SCHWAB", ["EXCEL", "REPLAY", "SCHWAB", "SIMULATED"])
    assert [bar["source"] for bar in chosen["bars"]] == ["SCHWAB"]
    assert (asked["source"], [bar["open"] for bar in asked["bars"]]) == ("REPLAY", ["1"])


@pytest.mark.parametrize(
    ("preference", "expected"),
    [((), "EXCEL"), (("SCHWAB",), "SCHWAB"), (("EXCEL", "SCHWAB"), "EXCEL"), (("SIMULATED", "SCHWAB"), "SCHWAB")],
)
def test_of_real_sources_the_preferred_one_answers(rt, lake, preference, expected):
    sources = ("SIMULATED", "REPLAY", "EXCEL", "SCHWAB")
    write(lake, [trade(0, i, 1, source=source) for i, source in enumerate(sources)])

    with rt.sessions() as session:
        assert understand_bars(session, rt, BarsQuery(symbol="ES"), preference).source == expected


def test_a_range_without_bars_is_empty(ask, lake):
    write(lake, [trade(0, 1, 1)])

    answer = ask("symbol=ES&start=2024-10-08T22:00:00Z&end=2024-10-08T23:00:00Z")
    other = ask("symbol=ES&source=SCHWAB")

    assert (answer["bars"], answer["source"], answer["sources"]) == ([], None, [])
    assert (other["bars"], other["source"], other["sources"]) == ([], "SCHWAB", ["REPLAY"])


def test_every_timeframe_has_its_own_file(ask, lake, client):
    write(lake, [trade(0, 1, 1)], timeframe="1h")

    assert ask("symbol=ES&timeframe=1h")["bars"][0]["t_close"] == "2025-10-08T23:00:00.000000Z"
    assert client.get("/api/bars?symbol=ES&timeframe=5m").status_code == 404


@pytest.mark.parametrize("query", ["symbol=NQ", "symbol=ES&at=2025-10-01T00:00:00Z"])
def test_a_symbol_without_bars_is_not_found(client, lake, query):
    write(lake, [trade(0, 1, 1)])

    answer = client.get(f"/api/bars?{query}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "symbol=",
        "symbol=ES,NQ",
        "symbol=../x",
        "symbol=%EF%BC%A5%EF%BC%B3",
        "symbol=ES&timeframe=2m",
        "symbol=ES&timeframe=",
        "symbol=ES&source=BLOOMBERG",
        "symbol=ES&start=2025-10-08",
        "symbol=ES&start=2025-10-08T22:00:00",
        "symbol=ES&end=2025-10-08T22:00:00Z",
        "symbol=ES&start=2025-10-09T00:00:00Z&end=2025-10-09T00:00:00Z",
        "symbol=ES&start=2025-10-09T00:00:00Z&end=2025-10-08T00:00:00Z",
        "symbol=ES&start=2030-10-09T00:00:00Z",
        "symbol=ES&start=2000-10-09T00:00:00Z",
        "symbol=ES&start=0001-01-01T00:00:00Z&end=0001-02-01T00:00:00Z",
        "symbol=ES&limit=0",
        "symbol=ES&limit=10001",
        "symbol=ES&limit=-1",
        "symbol=ES&limit=1e3",
        "symbol=ES&limit=NaN",
        "symbol=ES&limit=%EF%BC%92",
        "symbol=ES&offset=1",
        "symbol=ES&last=0",
        "symbol=ES&last=10001",
        "symbol=ES&last=5.0",
        "symbol=ES&forming=1",
        "symbol=ES&forming=True",
        "symbol=ES&forming=",
        "symbol=ES&symbol=NQ",
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem_of_the_caller(client, lake, query):
    write(lake, [trade(0, 1, 1)])

    answer = client.get(f"/api/bars?{query}")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["detail"]


def test_a_damaged_file_is_told_and_not_guessed_at(client, lake):
    write(lake, [trade(0, 1, 1)])
    path = lake.bars_file(DAY, "ES", "1m")
    path.write_bytes(path.read_bytes()[:-9])

    answer = client.get("/api/bars?symbol=ES")

    assert (answer.status_code, "ES on 2025-10-09 is damaged" in answer.json["detail"]) == (409, True)
    assert str(lake.root) not in answer.text


def test_a_link_in_the_lake_is_refused_without_its_place(client, lake):
    write(lake, [trade(0, 1, 1)])
    path = lake.bars_file(DAY, "ES", "1m")
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))

    answer = client.get("/api/bars?symbol=ES")

    assert (answer.status_code, str(lake.root) in answer.text) == (409, False)


def test_the_running_session_has_bars_without_any_export(ask, sessions, clock):
    clock.advance(OPEN + timedelta(minutes=3, seconds=5) - LATER)
    store_quotes(sessions, [trade(60 * i, 10 + i, i) for i in range(4)])

    answer = ask("symbol=ES")

    assert BarsAnswer.model_validate(answer).model_dump(by_alias=True) == answer
    assert [bar["close"] for bar in answer["bars"]] == ["10", "11", "12"]
    assert [bar["coverage"] for bar in answer["bars"]] == [1, 1, 1]
    assert (answer["start"], answer["holes"]) == (instant_text(OPEN), [])


def test_holes_tell_a_quiet_market_from_a_feed_that_was_away(ask, sessions):
    elsewhere = [trade(60 * i, 1, i, symbol="NQ") for i in range(10)]
    store_quotes(sessions, [trade(0, 10, 1), trade(60 * 4, 11, 2), *elsewhere])

    answer = ask("symbol=ES&start=2025-10-08T22:00:00Z&end=2025-10-08T22:15:00Z")

    assert BarsAnswer.model_validate(answer).model_dump(by_alias=True) == answer
    assert len(answer["bars"]) == 2
    assert answer["holes"] == [
        {"from": "2025-10-08T22:01:00.000000Z", "to": "2025-10-08T22:04:00.000000Z", "label": "quiet"},
        {"from": "2025-10-08T22:05:00.000000Z", "to": "2025-10-08T22:10:00.000000Z", "label": "quiet"},
        {"from": "2025-10-08T22:10:00.000000Z", "to": "2025-10-08T22:15:00.000000Z", "label": "no_feed"},
    ]


def test_a_bar_says_for_how_much_of_it_its_source_was_alive(ask, sessions):
    store_quotes(sessions, [trade(0, 10, 1), trade(290, 11, 2)])

    (bar,) = ask("symbol=ES&timeframe=5m&start=2025-10-08T22:00:00Z&end=2025-10-08T22:05:00Z")["bars"]

    # Of the three silent minutes the middle one alone has events within two minutes on both sides.
    assert bar["coverage"] == 0.6


def test_the_pages_of_a_cursor_have_all_bars_and_all_holes(ask, sessions):
    minutes = (0, 1, 5, 6, 9, 20, 21)
    store_quotes(sessions, [trade(60 * i, i, i) for i in minutes])
    query = "symbol=ES&start=2025-10-08T22:00:00Z&end=2025-10-08T22:30:00Z"
    whole = ask(query)

    pages = [ask(f"{query}&limit=2")]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(ask(f"symbol=ES&limit=2&cursor={cursor}"))

    assert [bar for page in pages for bar in page["bars"]] == whole["bars"]
    assert [hole for page in pages for hole in page["holes"]] == whole["holes"]
    assert [len(page["bars"]) for page in pages] == [2, 2, 2, 1]
    assert {page["end"] for page in pages} == {whole["end"]}


def test_json_csv_and_arrow_have_the_same_bars(client, ask, lake, sessions):
    write(lake, [trade(0, "-0.000000001", 1), trade(0, "1200.50", None)])
    store_quotes(sessions, [trade(0, "7", 1, ts=OPEN + timedelta(days=1), session_date=NEXT)])
    query = "symbol=ES&start=2025-10-08T22:00:00Z&end=2025-10-10T12:00:00Z"

    bars = ask(query)["bars"]
    table = pa.ipc.open_stream(client.get(f"/api/bars?{query}", headers={"Accept": ARROW}).data).read_all()
    answer = client.get(f"/api/bars?{query}", headers={"Accept": CSV})

    cells = list(csv.DictReader(io.StringIO(answer.text)))
    assert [bar["open"] for bar in bars] == ["-0.000000001", "1200.5", "7"]
    for name in ("open", "high", "low", "close"):
        assert [cell[name] for cell in cells] == [bar[name] for bar in bars]
        assert table.column(name).to_pylist() == [Decimal(bar[name]) for bar in bars]
    for name in ("volume", "coverage"):
        assert table.column(name).to_pylist() == [bar[name] for bar in bars]
        assert [cell[name] or None for cell in cells] == [
            None if bar[name] is None else f"{bar[name]:g}" for bar in bars
        ]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ES_bars_1m.csv"'


def test_a_limit_cuts_csv_too_and_tells_where_it_goes_on(client, lake):
    write(lake, [trade(0, i, 1) for i in range(5)])
    address, found = "/api/bars?symbol=ES&limit=2", []
    while address:
        answer = client.get(address, headers={"Accept": CSV})
        found += [row["open"] for row in csv.DictReader(io.StringIO(answer.text))]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")

    assert found == ["0", "1", "2", "3", "4"]


def test_an_accept_that_names_no_form_is_refused(client, lake):
    write(lake, [trade(0, 1, 1)])

    answer = client.get("/api/bars?symbol=ES", headers={"Accept": "image/png"})

    assert (answer.status_code, answer.content_type) == (406, "application/problem+json")
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    "more", ["timeframe=5m", "start=2025-10-08T22:00:00Z", "at=2025-10-10T00:00:00Z", "source=EXCEL"]
)
def test_a_cursor_is_good_for_its_own_question_only(client, ask, lake, more):
    write(lake, [trade(0, i, 1) for i in range(3)])
    cursor = ask("symbol=ES&limit=1")["next_cursor"]

    assert client.get(f"/api/bars?symbol=ES&cursor={cursor}&{more}").status_code == 400
    assert client.get(f"/api/bars?symbol=NQ&cursor={cursor}").status_code == 400


def test_a_question_with_at_can_be_repeated_with_its_cursor(ask, lake):
    write(lake, [trade(0, i, 1) for i in range(5)])
    bounds = "end=2025-10-08T22:10:00Z&at=2025-10-08T22:03:00Z"

    first = ask(f"symbol=ES&start=2025-10-08T22:00:00Z&limit=2&{bounds}")
    second = ask(f"symbol=ES&limit=2&{bounds}&cursor={first['next_cursor']}")

    assert [bar["open"] for bar in first["bars"] + second["bars"]] == ["0", "1", "2"]


def test_a_running_session_whose_bars_were_made_before_has_those_since(ask, lake, sessions, clock):
    clock.advance(OPEN + timedelta(minutes=4) - LATER)
    ticks = [trade(60 * i, 10 + i, i) for i in range(4)]
    store_quotes(sessions, [*ticks, trade(185, 50, 1, source="SCHWAB")])
    export_quotes(sessions, lake, ticks[:2], OPEN + timedelta(minutes=2))
    facts = write(lake, ticks[:1])
    record_bars(sessions, lake, DAY, facts, written_at=OPEN + timedelta(minutes=2))
    query = "symbol=ES&start=2025-10-08T22:02:00Z&end=2025-10-08T22:04:00Z"

    preferred, named = ask(query), ask(f"{query}&source=REPLAY")

    assert (preferred["source"], preferred["sources"]) == ("SCHWAB", ["REPLAY", "SCHWAB"])
    assert [bar["close"] for bar in named["bars"]] == ["12", "13"]
    assert named["sources"] == ["REPLAY", "SCHWAB"]


def test_a_folder_that_is_no_day_harms_nobody(ask, lake):
    write(lake, [trade(0, 1, 1)])
    for kind, name in (("ticks", "ticks.parquet"), ("bars", "bars_1m.parquet")):
        folder = lake.root / kind / "date=2026-02-30/symbol=ES"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(b"")

    assert ask("symbol=ES")["start"] == instant_text(OPEN)


def write(lake, quotes, first=OPEN, timeframe="1m"):
    seconds = {"1m": 60, "1h": 3600}[timeframe]
    day = quotes[0].session_date
    if len({found.source for found in quotes}) > 1:
        parts = [bar_table([found], first, seconds) for found in sorted(quotes, key=lambda found: found.source)]
        batches = [batch for part in parts for batch in part.to_batches()]
    else:
        batches = bar_table(quotes, first, seconds).to_batches()
    target = lake.bars_file(day, "ES", timeframe)
    return publish(lake, target, BAR_FILE, batches, day=day, symbol="ES", taken_at=LATER)


@pytest.fixture
def clock():
    return FixedClock(LATER)


@pytest.fixture
def lake(rt):
    return rt.lake


@pytest.fixture
def ask(client):
    def answer_to(query):
        answer = client.get(f"/api/bars?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    return answer_to
