"""GET /api/quotes and what surrounds it, on real stores: answers, refusals, faults."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.api.answers import QuoteAnswer, QuotesAnswer
from app.api.parts import parts
from app.bus import keys
from app.bus.leases import acquire, release
from app.bus.stream import QuotePublisher
from app.factory import create_app
from app.instruments.catalogue import DEFAULT_WATCHLIST
from app.local.ports import free_port
from app.settings import load_settings
from tests.factories import MOMENT, quote
from tests.fakes import FixedClock, RecordingDispatch

SATURDAY = datetime(2025, 10, 11, 12, tzinfo=UTC)


def test_a_quote_comes_whole_exact_and_with_its_age_source_and_state(client, bus, replaying):
    replaying.publish([quote(bid=Decimal("-37.630000001"), open=None)])

    answer = client.get("/api/quotes?symbols=ES")

    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    [shown] = answer.json["quotes"]
    assert (shown["bid"], shown["last"], shown["open"]) == ("-37.630000001", "6710.25", None)
    assert (shown["source"], shown["state"], shown["age_ms"]) == ("REPLAY", "live", 250)
    assert (shown["volume"], shown["trade"], shown["session_date"]) == (1024, True, "2025-10-09")
    assert shown["stream_id"] == answer.json["stream_id"] == bus.xrevrange(keys.STREAM, count=1)[0][0]
    assert answer.json["as_of"] == "2025-10-09T15:30:00.250000Z"
    assert answer.json["market"] == {"name": "CME_Futures", "open": True}


def test_the_answer_has_the_shape_that_the_documentation_promises(client, replaying):
    replaying.publish([quote()])

    answer = client.get("/api/quotes?symbols=ES,NEVER").json

    QuotesAnswer.model_validate(answer, strict=True, extra="forbid")
    assert [set(shown) for shown in answer["quotes"]] == [set(QuoteAnswer.model_fields)] * 2


def test_the_default_is_the_watchlist_in_its_order(client):
    answer = client.get("/api/quotes").json

    assert [shown["symbol"] for shown in answer["quotes"]] == list(DEFAULT_WATCHLIST)
    assert answer["missing"] == list(DEFAULT_WATCHLIST)


def test_symbols_are_answered_once_each_in_upper_case_and_in_the_order_asked(client):
    answer = client.get("/api/quotes?symbols=nq,ES,%20Nq,6e,BRK.B,ES_F,ES").json

    assert [shown["symbol"] for shown in answer["quotes"]] == ["NQ", "ES", "6E", "BRK.B", "ES_F"]


def test_a_symbol_that_never_had_a_quote_has_no_source_and_no_values(client, replaying):
    replaying.publish([quote()])

    answer = client.get("/api/quotes?symbols=ES,NEVER").json

    [_es, never] = answer["quotes"]
    assert answer["missing"] == ["NEVER"]
    assert {name: value for name, value in never.items() if value is not None} == {
        "symbol": "NEVER",
        "state": "no_source",
        "sources": [],
        "disagrees": [],
    }


@pytest.mark.parametrize(
    ("at", "state", "age_ms"),
    [
        (MOMENT + timedelta(seconds=15), "live", 15_000),
        (MOMENT + timedelta(seconds=15, milliseconds=1), "stale", 15_001),
        (MOMENT - timedelta(seconds=1), "live", -1_000),
        (SATURDAY, "closed", 160_200_000),
    ],
)
def test_the_state_depends_on_age_and_market_at_the_instant_asked_for(client, replaying, at, state, age_ms):
    replaying.publish([quote()])

    [shown] = client.get("/api/quotes", query_string={"symbols": "ES", "at": at.isoformat()}).json["quotes"]

    assert (shown["state"], shown["age_ms"]) == (state, age_ms)


@pytest.mark.parametrize(
    ("told", "at", "state"),
    [
        ({"delayed": True}, MOMENT, "delayed"),
        ({"delayed": True}, SATURDAY, "closed"),
        ({"recv_ts": MOMENT - timedelta(minutes=4)}, MOMENT - timedelta(minutes=3, seconds=50), "live"),
        ({"recv_ts": MOMENT - timedelta(minutes=4)}, MOMENT - timedelta(minutes=3), "stale"),
    ],
)
def test_a_quote_is_live_only_where_it_has_just_come_and_is_not_delayed(client, replaying, told, at, state):
    replaying.publish([quote(**told)])

    [shown] = client.get("/api/quotes", query_string={"symbols": "ES", "at": at.isoformat()}).json["quotes"]

    assert shown["state"] == state


def test_an_unescaped_plus_in_a_time_is_understood(client):
    assert client.get("/api/quotes?symbols=ES&at=2025-10-09T10:30:00-05:00").json["as_of"][:19] == "2025-10-09T15:30:00"
    assert client.get("/api/quotes?symbols=ES&at=2025-10-09T17:30:00+02:00").json["as_of"][:19] == "2025-10-09T15:30:00"


def test_a_quote_whose_source_has_stopped_has_no_source(client, bus):
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish([quote()])
    release(bus, lease)

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["state"], shown["last"]) == ("no_source", "6710.25")


def test_sources_are_never_mixed_in_one_quote(client, bus, replaying):
    replaying.publish([quote(contract="ESZ25", open=Decimal(6700))])
    simulated = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"))
    newer = quote(source="SIMULATED", ts=MOMENT + timedelta(milliseconds=1), contract=None, open=None)
    QuotePublisher(bus, simulated).publish([newer])

    [shown] = client.get("/api/quotes?symbols=ES").json["quotes"]

    assert (shown["source"], shown["contract"], shown["open"]) == ("SIMULATED", None, None)


def test_500_symbols_are_answered(client):
    symbols = [f"S{number}" for number in range(500)]

    answer = client.get("/api/quotes?symbols=" + ",".join(symbols))

    assert answer.json["missing"] == symbols


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("symbols=", "symbols"),
        ("symbols=,,", "symbols"),
        ("symbols=/ES", "symbols"),
        ("symbols=../../etc/passwd", "symbols"),
        ("symbols=%2e%2e%2fpasswd", "symbols"),
        ("symbols=ES%00", "symbols"),
        ("symbols=ES%0A", "symbols"),
        ("symbols=ES';--", "symbols"),
        ("symbols={{7*7}}", "symbols"),
        ("symbols=%EF%BC%A5%EF%BC%B3", "symbols"),
        ("symbols=%C5%BF", "symbols"),
        ("symbols=%E2%80%AEES", "symbols"),
        ("symbols=E%E2%80%8BS", "symbols"),
        ("symbols=%F0%9F%98%80", "symbols"),
        ("symbols=%FF%FE", "symbols"),
        ("symbols=ABCDEFGHIJKLMNOPQ", "symbols"),
        ("symbols=" + ",".join(f"S{number}" for number in range(501)), "at most 500"),
        ("symbols=ES&symbols=NQ", "2 times"),
        ("symbol=ES", "symbol"),
        ("symbols=ES&is_admin=1", "is_admin"),
        ("at=tomorrow", "at"),
        ("at=2025-10-09T15:30:00", "offset"),
        ("at=2025-02-30T00:00:00Z", "at"),
        ("at=0000-01-01T00:00:00Z", "at"),
        ("at=0001-01-01T00:00:00%2B14:00", "calendar"),
        ("at=9999-12-31T23:59:59-14:00", "calendar"),
        ("at=1999-12-31T00:00:00Z", "calendar"),
        ("at=", "at"),
        ("at=2025-10-09T15:30:00Z&at=2025-10-09T15:30:00Z", "2 times"),
    ],
)
def test_a_wrong_query_is_a_problem_that_names_what_is_wrong(client, query, word):
    answer = client.get(f"/api/quotes?{query}")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert word in answer.json["detail"]
    assert answer.get_data(as_text=True).isprintable()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("POST", "/api/quotes", 405),
        ("DELETE", "/api/quotes/stream", 405),
        ("TRACE", "/api/quotes", 405),
        ("GET", "/docs/assets/..%2f__init__.py", 404),
        ("GET", "/docs/assets/nothing.js", 404),
    ],
)
def test_every_error_is_a_problem_document(client, method, path, status):
    answer = client.open(path, method=method)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert (answer.json["status"], answer.json["type"]) == (status, "about:blank")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_every_answer_forbids_guessing_its_type_and_keeping_live_data(client):
    answer = client.get("/api/quotes?symbols=ES")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_redis_quotes_are_unavailable_for_the_moment(database_url, tmp_path):
    client = _app(tmp_path, database_url, f"redis://127.0.0.1:{free_port()}/0").test_client()

    answer = client.get("/api/quotes?symbols=ES")

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "2"
    assert "Redis" in answer.json["detail"]


def test_without_any_server_the_answer_says_how_to_start_them(tmp_path):
    client = create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch()).test_client()

    assert client.get("/api/health/live").json == {"status": "live"}
    for path in ("/api/quotes", "/api/quotes?symbols=ES"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "make up" in answer.json["detail"]


def test_without_postgresql_named_quotes_are_still_served_and_the_watchlist_is_unavailable(redis_url, bus, tmp_path):
    app = _app(tmp_path, f"postgresql://thor@127.0.0.1:{free_port()}/thor", redis_url)
    client = app.test_client()

    named, watched = client.get("/api/quotes?symbols=ES"), client.get("/api/quotes")

    assert named.status_code == 200
    assert (watched.status_code, watched.content_type) == (503, "application/problem+json")
    assert "PostgreSQL" in watched.json["detail"]
    with app.app_context():
        parts().bus.close()


@pytest.fixture
def clock():
    return FixedClock(MOMENT + timedelta(milliseconds=250))


@pytest.fixture
def replaying(bus):
    return QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")))


def _app(tmp_path, database_url, redis_url):
    settings = load_settings(_env_file=None, database_url=database_url, redis_url=redis_url, state_dir=tmp_path)
    return create_app(settings, RecordingDispatch())
