from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from redis import Redis

from app.bus import keys
from app.instruments.rolls import comparable
from app.lake.manifest import list_files
from app.operations.baselines import Baseline, keep_baselines, previous_closes, previous_session
from app.operations.exporting import export_session
from app.operations.opening import begin_snapshot
from app.quotes import Quote
from app.runtime import Runtime
from tests.desk_days import snapshots, trade_at, watch_only
from tests.fakes import FixedClock
from tests.lake_days import purge
from tests.ticks import store_quotes

ES, FX = "CME_Futures", "CME_FX"
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE + timedelta(hours=2))


@pytest.mark.parametrize("place", ["database", "lake"])
def test_the_baseline_is_the_last_price_inside_of_the_session(rt: Runtime, place: str) -> None:
    store_quotes(
        rt.sessions,
        [
            on(OPEN - 30 * MINUTE, 1),
            on(OPEN, 2),
            on(CLOSE - MINUTE, 3),
            on(CLOSE - SECOND, 4),
            trade_at(CLOSE - SECOND / 2, day=THURSDAY, last=None),
            on(CLOSE, 5),
            on(CLOSE + 30 * MINUTE, 6),
        ],
    )
    put(rt, place)

    assert prices(previous_closes(rt, rt.market, FRIDAY, ["ES"])) == {"ES": (4, CLOSE - SECOND, THURSDAY)}


@pytest.mark.parametrize("place", ["database", "lake"])
def test_of_two_prices_at_the_same_instant_the_one_with_the_higher_number_is_the_last(rt: Runtime, place: str) -> None:
    store_quotes(rt.sessions, [on(CLOSE - SECOND, 8, seq=8), on(CLOSE - SECOND, 7, seq=7), on(OPEN, 9, seq=9)])
    put(rt, place)

    assert prices(previous_closes(rt, rt.market, FRIDAY, ["ES"])) == {"ES": (8, CLOSE - SECOND, THURSDAY)}


@pytest.mark.parametrize("place", ["database", "lake"])
@pytest.mark.parametrize("other", ["SIMULATED", "REPLAY"])
def test_a_price_of_no_real_source_is_the_baseline_only_where_there_is_no_other(
    rt: Runtime, place: str, other: str
) -> None:
    both = [on(OPEN, 8, source="EXCEL", seq=1), on(CLOSE - SECOND, 7, source=other, seq=2)]
    store_quotes(rt.sessions, [*both, on(OPEN, 9, source=other, seq=3, symbol="NQ")])
    put(rt, place)

    found = previous_closes(rt, rt.market, FRIDAY, ["ES", "NQ"])
    assert [(one.price, one.source) for one in found] == [(8, "EXCEL"), (9, other)]


@pytest.mark.parametrize("place", ["database", "lake"])
@pytest.mark.parametrize(
    ("told", "contract"), [("ESZ25", "ESZ25"), ("ESZ5", "ESZ25"), (None, None), ("NQZ25", None), ("ES", None)]
)
def test_a_baseline_tells_the_contract_of_the_last_price(
    rt: Runtime, place: str, told: str | None, contract: str | None
) -> None:
    store_quotes(rt.sessions, [on(CLOSE - MINUTE, 1, contract="ESH26"), on(CLOSE - SECOND, 2, contract=told)])
    put(rt, place)

    [found] = previous_closes(rt, rt.market, FRIDAY, ["ES"])

    assert (found.price, found.contract) == (2, contract)
    assert found.shown().get("contract") == contract
    assert comparable(found.contract, "ESH26") == (contract is None)


@pytest.mark.parametrize("place", ["database", "lake"])
def test_a_symbol_without_a_price_inside_of_the_session_has_no_baseline(rt: Runtime, place: str) -> None:
    store_quotes(rt.sessions, [on(OPEN - MINUTE, 1), on(OPEN + MINUTE, 2, symbol="NQ")])
    put(rt, place)

    assert prices(previous_closes(rt, rt.market, FRIDAY, ["ES", "NQ", "YM"])).keys() == {"NQ"}


def test_the_close_of_a_holiday_is_the_market_s_own(rt: Runtime) -> None:
    labor_day, tuesday = date(2025, 9, 1), date(2025, 9, 2)
    noon, evening = datetime(2025, 9, 1, 17, tzinfo=UTC), datetime(2025, 9, 1, 21, tzinfo=UTC)
    for symbol in ("ES", "6E"):
        store_quotes(
            rt.sessions,
            [
                trade_at(noon - SECOND, symbol, 1, labor_day),
                trade_at(noon + MINUTE, symbol, 2, labor_day),
                trade_at(evening - SECOND, symbol, 3, labor_day),
            ],
        )

    found = {
        **prices(previous_closes(rt, rt.market, tuesday, ["ES"])),
        **prices(previous_closes(rt, rt.markets.named(FX), tuesday, ["6E"])),
    }

    assert found == {"ES": (1, noon - SECOND, labor_day), "6E": (3, evening - SECOND, labor_day)}


def test_a_damaged_file_gives_no_baseline(rt: Runtime) -> None:
    store_quotes(rt.sessions, [on(OPEN, 2)])
    put(rt, "lake")
    path = rt.lake.ticks_file(THURSDAY, "ES")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    assert previous_closes(rt, rt.market, FRIDAY, ["ES"]) == []


@pytest.mark.parametrize("place", ["database", "lake"])
def test_a_snapshot_has_the_baselines_of_all_symbols_of_its_market_that_traded(rt: Runtime, place: str) -> None:
    watch_only(rt, "ES")
    store_quotes(rt.sessions, [on(OPEN, number, symbol=name) for number, name in enumerate(("ES", "NQ", "6E"), 1)])
    put(rt, place)

    begin_snapshot(rt, ES, rt.market.session(FRIDAY))

    assert snapshots(rt)[ES, FRIDAY].baseline.keys() == {"ES", "NQ"}


def test_an_older_session_never_takes_the_place_of_a_newer_one(bus: Redis) -> None:
    keep_baselines(bus, [baseline(FRIDAY, 2)])

    keep_baselines(bus, [baseline(THURSDAY, 1)])

    assert baselines_in(bus, ["ES", "NQ"]) == {"ES": baseline(FRIDAY, 2).shown()}


def test_a_newer_session_takes_the_place_of_an_older_one_whole(bus: Redis) -> None:
    keep_baselines(bus, [baseline(THURSDAY, 1)])

    keep_baselines(bus, [baseline(FRIDAY, 2)])

    assert baselines_in(bus, ["ES"]) == {"ES": baseline(FRIDAY, 2).shown()}


def test_the_contract_of_an_older_baseline_goes_with_it(bus: Redis) -> None:
    keep_baselines(bus, [replace(baseline(THURSDAY, 1), contract="ESZ25")])

    keep_baselines(bus, [baseline(FRIDAY, 2)])

    assert baselines_in(bus, ["ES"]) == {"ES": baseline(FRIDAY, 2).shown()}


def test_a_symbol_that_did_not_trade_keeps_the_baseline_that_it_has(rt: Runtime, bus: Redis) -> None:
    keep_baselines(bus, [baseline(date(2025, 10, 8), 1)])
    store_quotes(rt.sessions, [on(OPEN, 2, symbol="NQ")])

    begin_snapshot(rt, ES, rt.market.session(FRIDAY))

    kept = {symbol: found["session_date"] for symbol, found in baselines_in(bus, ["ES", "NQ"]).items()}
    assert kept == {"ES": "2025-10-08", "NQ": "2025-10-09"}


def test_the_session_before_skips_days_without_one(rt: Runtime) -> None:
    assert previous_session(rt.market, date(2025, 4, 21)).day == date(2025, 4, 17)  # Over Easter.
    assert previous_session(rt.market, date(2025, 10, 11)) is None
    assert previous_session(rt.market, date(2000, 1, 3)) is None


def on(ts: datetime, price: float, **parts: object) -> Quote:
    """A trade on Thursday's trading day."""
    return trade_at(ts, price=price, day=THURSDAY, **parts)


def put(rt: Runtime, place: str) -> None:
    """Have Thursday's ticks be where the name says."""
    if place == "lake":
        export_session(rt, ES, THURSDAY)
        with rt.sessions() as session:
            symbols = [row.symbol for row in list_files(session, THURSDAY, FRIDAY)]
        purge(rt.sessions, THURSDAY, *symbols)


def prices(found: Iterable[Baseline]) -> dict[str, tuple[Decimal, datetime, date]]:
    return {one.symbol: (one.price, one.ts, one.day) for one in found}


def baseline(day: date, price: int) -> Baseline:
    return Baseline("ES", Decimal(price), CLOSE, "REPLAY", day)


def baselines_in(bus: Redis, symbols: Iterable[str]) -> dict[str, dict[str, str]]:
    return {symbol: found for symbol in symbols if (found := bus.hgetall(keys.baseline(symbol)))}
