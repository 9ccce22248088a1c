import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.errors import NotFound, Rejected, Unavailable
from app.instruments.store import watchlist
from app.operations import watching
from app.operations.desk import watched_markets
from app.operations.watching import Telling, check_names, named_symbols, watch, with_symbols, without_symbols
from app.operations.wishes import SIMULATED, want_in_session, want_simulation
from app.runtime import Runtime
from tests.desk_days import watch_only
from tests.fakes import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2025, 10, 9, 15, tzinfo=UTC))


def test_what_is_watched_decides_the_order_and_the_markets_of_the_desk(rt: Runtime) -> None:
    assert watch(rt, ["6E", "ES"]) == Telling([], collectors_told=True)

    with rt.sessions() as session:
        assert watchlist(session) == ["6E", "ES"]
        assert [market.name for market in watched_markets(rt, session)] == ["CME_Futures", "CME_FX"]


def test_sources_that_follow_the_watchlist_are_started_again_with_it(rt: Runtime, bus: Redis) -> None:
    watch_only(rt, "ES")
    want_in_session(rt, SIMULATED)
    for source in ("SCHWAB", "EXCEL"):
        want_in_session(rt, source)

    assert watch(rt, ["ES", "NQ"]) == Telling(["SCHWAB", SIMULATED], collectors_told=True)

    wishes = {source: read_hash(bus, keys.desired(source)) for source in (SIMULATED, "SCHWAB", "EXCEL")}
    assert wishes[SIMULATED]["symbols"] == "ES,NQ"
    assert ["restart_ms" in wish for wish in wishes.values()] == [True, True, False]
    assert {wish["wanted"] for wish in wishes.values()} == {"1"}


def test_another_order_is_nobodys_reason_to_begin_anew(rt: Runtime, bus: Redis) -> None:
    watch_only(rt, "ES", "NQ")
    for source in (SIMULATED, "SCHWAB"):
        want_in_session(rt, source)
    before = [bus.hgetall(keys.desired(source)) for source in (SIMULATED, "SCHWAB")]

    assert watch(rt, ["NQ", "ES"]) == Telling([], collectors_told=True)

    assert [bus.hgetall(keys.desired(source)) for source in (SIMULATED, "SCHWAB")] == before
    with rt.sessions() as session:
        assert watchlist(session) == ["NQ", "ES"]


def test_the_very_same_list_is_told_again(rt: Runtime) -> None:
    watch_only(rt, "ES", "NQ")
    want_in_session(rt, "SCHWAB")

    assert watch(rt, ["ES", "NQ"]) == Telling(["SCHWAB"], collectors_told=True)


def test_what_was_restarted_before_redis_went_is_told(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (SIMULATED, "SCHWAB"):
        want_in_session(rt, source)

    def refuse(_stores: Runtime, source: str) -> None:
        raise RedisConnectionError(f"gone before {source}")

    monkeypatch.setattr(watching, "want_in_session", refuse)

    assert watch(rt, ["ES", "NQ"]) == Telling(["SCHWAB"], collectors_told=False)


def test_a_source_with_symbols_told_by_hand_or_that_is_not_wanted_is_left_alone(rt: Runtime, bus: Redis) -> None:
    want_simulation(rt, ["CL"], 1, 10.0)
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "0", "by": "hours"})
    before = [bus.hgetall(keys.desired(source)) for source in (SIMULATED, "SCHWAB")]

    assert watch(rt, ["ES", "NQ"]) == Telling([], collectors_told=True)

    assert [bus.hgetall(keys.desired(source)) for source in (SIMULATED, "SCHWAB")] == before


def test_the_list_is_kept_while_redis_is_away(rt: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(**_options: object) -> Redis:
        raise Unavailable("Redis is away")

    with caplog.at_level(logging.WARNING):
        assert watch(replace(rt, connect_redis=refuse), ["NQ"]) == Telling([], collectors_told=False)

    assert "the collectors were not told of the new watchlist: Redis is away" in caplog.messages
    with rt.sessions() as session:
        assert watchlist(session) == ["NQ"]


@pytest.mark.parametrize(
    ("added", "position", "expected"),
    [
        (["6E"], None, ["ES", "NQ", "CL", "6E"]),
        (["6E"], 1, ["6E", "ES", "NQ", "CL"]),
        (["6E", "GC"], 2, ["ES", "6E", "GC", "NQ", "CL"]),
        (["CL"], 1, ["CL", "ES", "NQ"]),
        (["ES"], 3, ["NQ", "CL", "ES"]),
        (["6E"], 99, ["ES", "NQ", "CL", "6E"]),
    ],
)
def test_a_symbol_is_added_or_moved_to_its_place(
    rt: Runtime, added: list[str], position: int | None, expected: list[str]
) -> None:
    watch_only(rt, "ES", "NQ", "CL")

    assert with_symbols(rt, added, position) == expected


def test_a_symbol_is_taken_off_the_list(rt: Runtime) -> None:
    watch_only(rt, "ES", "NQ", "CL")

    assert without_symbols(rt, ["NQ"]) == ["ES", "CL"]
    with pytest.raises(Rejected, match="GC is not watched: see `flask watchlist`"):
        without_symbols(rt, ["GC", "ES"])


def test_names_of_sources_name_symbols_each_once(rt: Runtime) -> None:
    assert named_symbols(rt, " /ES:XCME, es,/6e ,NQ,") == ["ES", "6E", "NQ"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no symbol is named"),
        (" , ", "no symbol is named"),
        ("ES,/NQZ25", "NQZ25 is a contract: watch NQ, and its rolls are followed"),
        ("E S", "'E S' is no symbol"),
    ],
)
def test_a_list_that_names_no_symbol_is_refused(rt: Runtime, text: str, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        named_symbols(rt, text)


def test_names_are_symbols_each_in_its_place_and_what_cannot_be_watched_is_told_by_it(rt: Runtime) -> None:
    assert check_names(rt, ["/ES:XCME", "nq"]) == (["ES", "NQ"], {})

    _, wrong = check_names(rt, ["ES", "AAPL", "/NQZ25", "", "es"])

    assert wrong.keys() == {1, 2, 3, 4}
    assert wrong[1] == "there is no instrument AAPL"
    assert wrong[2].startswith("NQZ25 is a contract")
    assert "is no symbol" in wrong[3]
    assert wrong[4] == "ES would be watched twice"


def test_what_is_no_instrument_is_not_watched(rt: Runtime) -> None:
    with pytest.raises(NotFound, match="there is no instrument AAPL"):
        watch(rt, ["ES", "AAPL"])
