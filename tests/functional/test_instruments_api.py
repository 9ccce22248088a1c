from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.api.instrument_shapes import INSTRUMENTS_EXAMPLE, InstrumentsAnswer, RollsAnswer
from app.instruments.catalogue import CATALOGUE
from app.instruments.roll_history import record_changes
from app.instruments.rolls import Change
from app.runtime import Runtime
from tests.desk_days import watch_only

START = datetime(2025, 9, 15, 22, 0, 0, 12_000, tzinfo=UTC)
ROLLED = datetime(2025, 12, 14, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIRST = Change("first", None, "ESZ25", None, START)
ROLL = Change("roll", "ESZ25", "ESH26", ROLLED - SECOND, ROLLED)


def test_every_fact_of_every_instrument_is_told_and_the_example_is_true(client: FlaskClient, rt: Runtime) -> None:
    record(rt, "SCHWAB", FIRST)

    answer = client.get("/api/instruments")

    InstrumentsAnswer.model_validate(answer.json, strict=True)
    told = {one["symbol"]: one for one in answer.json["instruments"]}
    assert told.keys() == CATALOGUE.keys()
    assert told["ES"] == INSTRUMENTS_EXAMPLE["instruments"][0]
    for symbol, known in CATALOGUE.items():
        assert told[symbol]["tick_size"] == f"{known.tick_size:f}"
        assert told[symbol]["multiplier"] == f"{known.multiplier:f}"
        assert (told[symbol]["venue"], told[symbol]["price_format"]) == (known.venue, known.price_format)


def test_the_watched_ones_come_first_in_the_traders_order(client: FlaskClient, rt: Runtime) -> None:
    watch_only(rt, "NQ", "6E")

    told = client.get("/api/instruments").json["instruments"]

    assert [(one["symbol"], one["watch_position"]) for one in told][:3] == [("NQ", 1), ("6E", 2), ("6J", None)]
    assert [one["symbol"] for one in told][2:] == sorted(CATALOGUE.keys() - {"NQ", "6E"})


def test_the_active_contract_is_the_word_of_a_live_source_if_there_is_one(client: FlaskClient, rt: Runtime) -> None:
    shown = []
    for source, changes in (("REPLAY", [FIRST, ROLL]), ("SCHWAB", [FIRST]), ("EXCEL", [FIRST, ROLL])):
        record(rt, source, *changes)
        told = {one["symbol"]: one for one in client.get("/api/instruments").json["instruments"]}
        shown.append((told["ES"]["contract"], told["ES"]["contract_source"]))

    assert shown == [("ESH26", "REPLAY"), ("ESZ25", "SCHWAB"), ("ESH26", "EXCEL")]
    assert (told["NQ"]["contract"], told["NQ"]["contract_since"], told["NQ"]["contract_source"]) == (None, None, None)


def test_the_rolls_of_a_symbol_are_told_newest_first(client: FlaskClient, rt: Runtime) -> None:
    record(rt, "SCHWAB", FIRST, ROLL)

    answer = client.get("/api/instruments/es/rolls")

    RollsAnswer.model_validate(answer.json, strict=True)
    assert answer.json["symbol"] == "ES"
    assert [one["kind"] for one in answer.json["rolls"]] == ["roll", "first"]
    assert answer.json["rolls"][0] == {
        "symbol": "ES",
        "source": "SCHWAB",
        "kind": "roll",
        "from_contract": "ESZ25",
        "to_contract": "ESH26",
        "session_date": "2025-12-15",
        "last_ts": "2025-12-14T22:59:59.000000Z",
        "first_ts": "2025-12-14T23:00:00.000000Z",
        "noticed_at": "2025-12-14T23:00:01.000000Z",
    }
    assert client.get("/api/instruments/NQ/rolls").json == {"symbol": "NQ", "rolls": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("path", "status"),
    [("AAPL/rolls", 404), ("ES,NQ/rolls", 400), ("a%20b/rolls", 400), ("ſ/rolls", 400), ("ES/rolls?x=1&x=2", 400)],
)
def test_what_is_no_instrument_has_no_rolls(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(f"/api/instruments/{path}")

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def record(rt: Runtime, source: str, *changes: Change) -> None:
    """Keep changes of ES."""
    with rt.sessions.begin() as session:
        record_changes(session, "ES", source, changes, rt.market.session_of, after=0, now=ROLLED + SECOND)
