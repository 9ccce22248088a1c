import csv
import io
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from app.api import ticks as endpoint
from app.api.negotiation import ARROW, CSV
from app.api.tick_shapes import TicksAnswer
from app.errors import Conflict
from app.history.ticks import COLUMNS
from app.quotes import PRICE_FIELDS
from tests.factories import DAY, quote
from tests.fakes import FixedClock
from tests.lake_days import export_quotes, purge
from tests.ticks import LATER, OPEN, store_quotes

NEXT = DAY + timedelta(days=1)
RANGE = "symbol=ES&start=2025-10-08T22:00:00Z&end=2025-10-10T22:00:00Z"
ARROW_END = b"\xff\xff\xff\xff\0\0\0\0"
PRICES = ("-37.63", "0.000000001", "-0.0000012", "0", "110.015625", "999999999.999999999", "100", "1200.5")


def test_a_range_is_answered_from_the_database_and_the_lake_as_one(ask, split):
    answer = ask(f"{RANGE}&columns=seq,last,source,symbol")

    assert answer == {
        "symbol": "ES",
        "source": None,
        "start": "2025-10-08T22:00:00.000000Z",
        "end": "2025-10-10T22:00:00.000000Z",
        "ticks": [
            {"seq": found.seq, "last": format(found.last.normalize(), "f"), "source": "REPLAY", "symbol": "ES"}
            for found in split
        ],
        "next_cursor": None,
    }


def test_a_tick_has_all_that_is_stored_of_it(ask, sessions):
    store_quotes(sessions, [quote(bid=None, contract=None, ask_size=7)])

    answer = ask(RANGE)

    (tick,) = answer["ticks"]
    assert TicksAnswer.model_validate(answer).model_dump() == answer
    assert list(tick) == list(COLUMNS)
    assert {**tick, "created_at": None} == {
        **dict.fromkeys(COLUMNS),
        "symbol": "ES",
        "source": "REPLAY",
        "seq": 1,
        "ts": "2025-10-09T15:30:00.000000Z",
        "recv_ts": "2025-10-09T15:30:00.000000Z",
        "session_date": "2025-10-09",
        "ts_origin": "exchange",
        "last": "6710.25",
        "ask": "6710.25",
        "last_size": 2,
        "ask_size": 7,
        "volume": 1024,
        "trade": True,
        "delayed": False,
    }


def test_json_csv_and_arrow_agree_to_the_last_decimal(client, ask, split):
    rows = ask(RANGE)["ticks"]
    table = arrow(client.get(f"/api/ticks?{RANGE}", headers={"Accept": ARROW}))
    text = client.get(f"/api/ticks?{RANGE}", headers={"Accept": CSV}).text

    cells = list(csv.DictReader(io.StringIO(text)))
    for name in PRICE_FIELDS:
        exact = [None if value is None else Decimal(value) for value in (row[name] for row in rows)]
        assert table.column(name).to_pylist() == exact
        assert [cell[name] for cell in cells] == [row[name] or "" for row in rows]
    assert [Decimal(row["last"]) for row in rows] == [found.last for found in split]
    for name in ("ts", "seq", "source", "volume", "trade", "created_at"):
        assert [cell[name].lower() for cell in cells] == [str(row[name]).lower() for row in rows]
    assert [f"{ts:%Y-%m-%dT%H:%M:%S.%fZ}" for ts in table.column("ts").to_pylist()] == [row["ts"] for row in rows]


def test_csv_and_arrow_hold_all_of_the_range_page_by_page(client, split, monkeypatch):
    monkeypatch.setattr(endpoint, "PAGE_ROWS", 3)

    whole = arrow(client.get(f"/api/ticks?{RANGE}", headers={"Accept": ARROW}))
    text = client.get(f"/api/ticks?{RANGE}&columns=seq,last", headers={"Accept": CSV}).text

    assert whole.column("seq").to_pylist() == [found.seq for found in split]
    assert text.splitlines()[:3] == ["seq,last", "1,-37.63", "2,0.000000001"]
    assert len(text.splitlines()) == len(split) + 1


@pytest.mark.parametrize("form", ["application/json", CSV, ARROW])
@pytest.mark.parametrize("limit", [1, 3, 8, 15])
def test_a_cursor_leads_through_all_pages_in_every_form(client, split, form, limit):
    address, found, pages = f"/api/ticks?{RANGE}&limit={limit}&columns=seq", [], 0
    while address:
        pages += 1
        answer = client.get(address, headers={"Accept": form})
        assert answer.status_code == 200, answer.text
        found += seqs(answer, form)
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
        assert answer.headers.get("X-Next-Cursor", "") in address

    assert found == [tick.seq for tick in split]
    assert pages == -(-len(split) // limit)


def test_pages_are_the_same_while_ticks_arrive_and_days_move(ask, sessions, lake):
    early = [quote(seq=seq, ts=OPEN + timedelta(seconds=seq)) for seq in range(10)]
    store_quotes(sessions, early)
    export_quotes(sessions, lake, early)

    first = ask(f"{RANGE}&limit=4")
    store_quotes(sessions, [quote(seq=100 + n, ts=OPEN - timedelta(hours=-n)) for n in (0, 5)])
    second = ask(f"symbol=ES&limit=4&cursor={first['next_cursor']}")
    export_quotes(sessions, lake, [*early, quote(seq=100, ts=OPEN), quote(seq=105, ts=OPEN + timedelta(hours=5))])
    purge(sessions, DAY)
    third = ask(f"symbol=ES&limit=9&cursor={second['next_cursor']}")

    assert [tick["seq"] for page in (first, second, third) for tick in page["ticks"]] == [*range(10), 105]


def test_a_cursor_keeps_the_end_that_was_the_present(ask, sessions, clock):
    store_quotes(sessions, [quote(seq=seq) for seq in range(3)])

    first = ask("symbol=ES&start=2025-10-08T22:00:00Z&limit=1")
    clock.advance(timedelta(days=1))
    second = ask(f"symbol=ES&limit=1&cursor={first['next_cursor']}")

    assert (second["start"], second["end"]) == (first["start"], first["end"])


def test_sources_are_together_unless_one_is_named(ask, sessions):
    store_quotes(sessions, [quote(source="SCHWAB", seq=1), quote(source="EXCEL", seq=1)])

    both, one = ask(RANGE)["ticks"], ask(f"{RANGE}&source=SCHWAB")["ticks"]

    assert [tick["source"] for tick in both] == ["EXCEL", "SCHWAB"]
    assert [tick["source"] for tick in one] == ["SCHWAB"]


def test_nothing_is_told_from_after_the_instant_that_is_taken_for_now(ask, sessions):
    store_quotes(sessions, [quote(seq=1, ts=OPEN), quote(seq=2, ts=OPEN + timedelta(seconds=1))])

    assert len(ask(f"{RANGE}&at=2025-10-08T22:00:01Z")["ticks"]) == 1


def test_a_range_without_ticks_is_empty_and_a_symbol_without_any_is_not_found(client, ask, sessions):
    store_quotes(sessions, [quote()])

    assert ask("symbol=ES&start=2024-10-08T22:00:00Z&end=2024-10-08T23:00:00Z")["ticks"] == []
    assert client.get("/api/ticks?symbol=EZ&start=2025-10-08T22:00:00Z").status_code == 404


@pytest.mark.parametrize("form", [CSV, ARROW])
def test_an_empty_range_still_has_its_columns(client, sessions, form):
    store_quotes(sessions, [quote()])
    query = "symbol=ES&start=2024-10-08T22:00:00Z&end=2024-10-08T23:00:00Z&columns=seq,ts"

    answer = client.get(f"/api/ticks?{query}", headers={"Accept": form})

    assert answer.text == "seq,ts\n" if form == CSV else arrow(answer).column_names == ["seq", "ts"]


@pytest.mark.parametrize("form", ["application/json", CSV, ARROW])
def test_a_damaged_file_is_told_before_the_first_byte(client, split, lake, form):
    path = lake.ticks_file(DAY, "ES")
    path.write_bytes(path.read_bytes()[:-9])

    answer = client.get(f"/api/ticks?{RANGE}", headers={"Accept": form})

    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert "ES on 2025-10-09 is damaged" in answer.json["detail"]
    assert str(lake.root) not in answer.text


def test_a_client_that_takes_its_time_holds_nothing_up(client, sessions, lake, monkeypatch):
    monkeypatch.setattr(endpoint, "PAGE_ROWS", 10)
    found = [quote(seq=seq, ts=OPEN + timedelta(seconds=seq)) for seq in range(35)]
    store_quotes(sessions, found)
    export_quotes(sessions, lake, found)

    answer = client.get(f"/api/ticks?{RANGE}&columns=seq", headers={"Accept": CSV}, buffered=False)
    parts = iter(answer.response)
    begun = [next(parts), next(parts)]
    purge(sessions, DAY)

    lines = b"".join([*begun, *parts]).decode().splitlines()
    assert lines == ["seq", *map(str, range(35))]


def test_damage_met_on_the_way_breaks_the_answer_off(client, sessions, lake, monkeypatch):
    monkeypatch.setattr(endpoint, "PAGE_ROWS", 10)
    export_quotes(sessions, lake, [quote(seq=seq, ts=OPEN + timedelta(seconds=seq)) for seq in range(35)])
    purge(sessions, DAY)

    answer = client.get(f"/api/ticks?{RANGE}", headers={"Accept": ARROW}, buffered=False)
    parts = iter(answer.response)
    begun = [next(parts)]
    lake.ticks_file(DAY, "ES").write_bytes(b"damaged")

    with pytest.raises(Conflict):
        begun += parts
    assert not begun[-1].endswith(ARROW_END)


def test_caches_are_told_what_an_answer_depends_on(client, sessions):
    store_quotes(sessions, [quote()])

    answers = [client.get(f"/api/ticks?{RANGE}", headers={"Accept": form}) for form in ("*/*", CSV, ARROW, "image/png")]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 406]
    assert [answer.headers["Vary"] for answer in answers] == ["Accept"] * 4
    assert answers[1].headers["Content-Disposition"] == 'attachment; filename="ES_ticks.csv"'


@pytest.mark.parametrize(
    "query",
    [
        "",
        "symbol=ES",
        "symbol=ES,NQ&start=2025-10-08T22:00:00Z",
        "symbol=ES&start=2025-10-08",
        "symbol=ES&start=2025-10-09T00:00:00Z&end=2025-10-09T00:00:00Z",
        "symbol=ES&start=2024-10-08T00:00:00Z&end=2025-10-10T00:00:00Z",
        "symbol=ES&start=0001-01-01T00:00:00Z&end=0001-01-02T00:00:00Z",
        "symbol=ES&start=9999-01-01T00:00:00Z&end=9999-12-31T23:59:59Z",
        "symbol=ES&start=2025-10-08T22:00:00Z&columns=price",
        "symbol=ES&start=2025-10-08T22:00:00Z&columns=,",
        "symbol=ES&start=2025-10-08T22:00:00Z&source=X",
        "symbol=ES&start=2025-10-08T22:00:00Z&limit=0",
        "symbol=ES&start=2025-10-08T22:00:00Z&limit=10001",
        "symbol=ES&start=2025-10-08T22:00:00Z&offset=7",
        "symbol=ES&cursor=",
        "symbol=ES&cursor=AAAA",
        "symbol=ES&cursor=%00",
        f"symbol=ES&cursor={'A' * 5000}",
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem_of_the_caller(client, sessions, query):
    store_quotes(sessions, [quote()])

    answer = client.get(f"/api/ticks?{query}")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), answer.text
    assert answer.json["detail"]


def test_a_cursor_that_was_touched_or_is_of_another_question_is_refused(client, ask, split):
    cursor = ask(f"{RANGE}&limit=2")["next_cursor"]
    touched = [cursor[:n] + ("B" if cursor[n] != "B" else "C") + cursor[n + 1 :] for n in range(0, len(cursor), 7)]
    others = [f"symbol=NQ&cursor={cursor}", f"symbol=ES&cursor={cursor}&source=SCHWAB"]
    others += [f"symbol=ES&cursor={cursor}&start=2025-10-08T23:00:00Z", f"symbol=ES&cursor={cursor}="]

    for query in [*(f"symbol=ES&cursor={word}" for word in touched), *others]:
        assert client.get(f"/api/ticks?{query}").status_code == 400, query
    assert client.get(f"/api/bars?symbol=ES&cursor={cursor}").status_code == 400
    assert client.get(f"/api/ticks?{RANGE}&cursor={cursor}").status_code == 200


@pytest.mark.parametrize("bounds", ["end=2025-10-10T22:00:00Z&at=2025-10-09T22:01:43Z", "at=2025-10-09T22:01:43Z"])
def test_a_question_with_at_can_be_repeated_with_its_cursor(ask, client, split, bounds):
    query = f"symbol=ES&start=2025-10-08T22:00:00Z&columns=seq&limit=9&{bounds}"

    first = ask(query)
    second = ask(f"{query}&cursor={first['next_cursor']}")

    assert [tick["seq"] for tick in first["ticks"] + second["ticks"]] == [*range(1, 9), 101, 102]
    assert (first["end"], second["end"]) == ("2025-10-09T22:01:43.000000Z",) * 2
    for other in ("at=2025-10-09T22:01:42Z", "end=2025-10-09T22:01:42Z", "end=2025-10-10T22:00:00Z"):
        answer = client.get(f"/api/ticks?symbol=ES&cursor={first['next_cursor']}&{other}")
        assert answer.status_code == 400, other


def arrow(answer):
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.data).read_all()


def seqs(answer, form):
    if form == CSV:
        return [int(line) for line in answer.text.splitlines()[1:]]
    return [tick["seq"] for tick in (arrow(answer).to_pylist() if form == ARROW else answer.json["ticks"])]


@pytest.fixture
def split(sessions, lake):
    """A day in the lake and the next one in the database."""
    days = ((DAY, OPEN), (NEXT, OPEN + timedelta(days=1)))
    made = [
        [
            quote(seq=seq, ts=opened + timedelta(seconds=seq), last=Decimal(price), session_date=day, volume=seq)
            for seq, price in enumerate(PRICES, 1 + 100 * at)
        ]
        for at, (day, opened) in enumerate(days)
    ]
    export_quotes(sessions, lake, made[0])
    purge(sessions, DAY)
    store_quotes(sessions, made[1])
    return made[0] + made[1]


@pytest.fixture
def clock():
    return FixedClock(LATER)


@pytest.fixture
def lake(rt):
    return rt.lake


@pytest.fixture
def ask(client):
    def answer_to(query):
        answer = client.get(f"/api/ticks?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    return answer_to
