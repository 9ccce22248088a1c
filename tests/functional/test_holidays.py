"""Holidays on which product groups keep different hours, from the ticks to what users see."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.errors import NotFound
from app.lake.layout import TICKS
from app.market.markets import DEFAULT
from app.notebook import History
from app.operations.backfilling import request_backfill
from app.operations.exporting import SessionExport, export_session, stale_exports
from app.operations.lake_catalog import Wanted, read_catalog
from app.operations.lake_checks import Scope, find_stale
from app.runtime import EXTENSION
from tests.factories import quote
from tests.fakes import JOBS_GOOD_FRIDAY, LABOR_DAY, METALS, FixedClock, MarketsWithMetals
from tests.ticks import store_quotes

ES_CLOSE = datetime(2025, 9, 1, 17, tzinfo=UTC)
GC_CLOSE = datetime(2025, 9, 1, 18, 30, tzinfo=UTC)
BETWEEN = ES_CLOSE + timedelta(minutes=5)
OVER = GC_CLOSE + timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


def test_the_export_of_one_market_leaves_the_symbols_of_others_alone(rt):
    store_until(rt, GC_CLOSE, "ES", "GC", "NEVER")

    done = export_session(rt, DEFAULT, LABOR_DAY)

    assert [one.plan.symbol for one in done.symbols] == ["ES", "NEVER"]
    assert symbols_of(rt.lake.ticks_files(LABOR_DAY, LABOR_DAY + timedelta(days=1))) == ["ES", "NEVER"]
    assert symbols_of(rt.lake.bars_files("1m", LABOR_DAY, LABOR_DAY + timedelta(days=1))) == ["ES", "NEVER"]


def test_bars_run_to_the_close_of_the_symbols_own_market(rt, clock):
    store_until(rt, GC_CLOSE + 10 * MINUTE, "ES", "GC")
    export_session(rt, DEFAULT, LABOR_DAY)
    clock.advance(OVER - BETWEEN)

    export_session(rt, METALS, LABOR_DAY)

    assert (last_bar(rt, "ES"), last_bar(rt, "GC")) == (ES_CLOSE, GC_CLOSE)
    assert stale_exports(rt) == []


@pytest.mark.parametrize("exported", [False, True])
def test_users_get_the_bars_of_each_symbols_hours_wherever_its_ticks_are(rt, clock, client, settings, exported):
    store_until(rt, GC_CLOSE + 10 * MINUTE, "ES", "GC")
    clock.advance(OVER - BETWEEN)
    if exported:
        export_session(rt, DEFAULT, LABOR_DAY)
        export_session(rt, METALS, LABOR_DAY)

    answers = {symbol: client.get(f"/api/bars?symbol={symbol}&timeframe=5m").json for symbol in ("ES", "GC")}

    ends = {symbol: answer["bars"][-1]["t_close"] for symbol, answer in answers.items()}
    assert ends == {"ES": "2025-09-01T17:00:00.000000Z", "GC": "2025-09-01T18:30:00.000000Z"}
    assert {symbol: answer["end"] for symbol, answer in answers.items()} == ends
    with History(settings, clock) as history:
        history._markets = rt.markets
        table = history.bars("GC", "5m", ES_CLOSE, source="REPLAY")
        holes = {symbol: history.holes(symbol, "5m", ES_CLOSE, source="REPLAY") for symbol in ("ES", "GC")}
    assert (table.num_rows, holes) == (18, {"ES": [], "GC": []})


def test_a_symbols_day_runs_until_its_own_market_has_closed(rt, clock):
    store_until(rt, BETWEEN, "ES", "GC")
    before = states(rt)
    export_session(rt, DEFAULT, LABOR_DAY)
    exported = states(rt)
    clock.advance(OVER - BETWEEN)

    assert before == {"ES": "missing", "GC": "running"}
    assert exported == {"ES": "exported", "GC": "running"}
    assert states(rt) == {"ES": "exported", "GC": "missing"}


def test_a_file_from_before_its_own_close_is_stale_after_it(rt, clock, runner):
    store_until(rt, BETWEEN, "ES", "GC")
    for command in ("export-to-parquet", "generate-bars"):
        assert runner.invoke(args=[command, "--date=2025-09-01"]).exit_code == 0
    early = stale_exports(rt)
    clock.advance(OVER - BETWEEN)

    assert (early, stale_exports(rt)) == ([], [SessionExport(LABOR_DAY, METALS)])
    assert {finding.path.split("symbol=")[1][:2] for finding in find_stale(rt, Scope())} == {"GC"}
    told = runner.invoke(args=["export-to-parquet", "--date=2025-09-01"]).output
    assert "ES: skipped" in told
    assert "GC: STALE, its file was taken before the session's close" in told
    export_session(rt, METALS, LABOR_DAY)
    assert stale_exports(rt) == []


def test_late_ticks_ask_for_the_export_of_their_market_alone(rt, clock):
    store_until(rt, BETWEEN, "ES", "GC")
    clock.advance(OVER - BETWEEN)
    export_session(rt, DEFAULT, LABOR_DAY)
    assert stale_exports(rt) == [SessionExport(LABOR_DAY, METALS)]
    export_session(rt, METALS, LABOR_DAY)
    store(rt, [tick("GC", 900_000, OVER)])

    assert stale_exports(rt) == [SessionExport(LABOR_DAY, METALS)]

    export_session(rt, METALS, LABOR_DAY)
    assert stale_exports(rt) == []


def test_a_backfill_asks_for_every_market_of_which_something_is_to_mend(rt, clock, dispatch):
    store_until(rt, BETWEEN, "ES", "GC")
    early = request_backfill(rt, LABOR_DAY, LABOR_DAY)
    clock.advance(OVER - BETWEEN)

    late = request_backfill(rt, LABOR_DAY, LABOR_DAY)

    assert ([one.queued for one in early], [one.queued for one in late]) == ([True], [True])
    assert dispatch.sent == [("export_session", name, LABOR_DAY) for name in (DEFAULT, DEFAULT, METALS)]


def test_the_state_of_a_quote_follows_the_symbols_own_market(rt, bus, client):
    publisher = QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY")))
    publisher.publish([tick("ES", 1, BETWEEN), tick("GC", 2, BETWEEN)])

    answer = client.get("/api/quotes?symbols=ES,GC,NEVER").json

    assert [one["state"] for one in answer["quotes"]] == ["closed", "live", "no_source"]
    assert answer["market"] == {"name": DEFAULT, "open": False}


def test_stray_ticks_of_a_closed_market_are_exported_with_the_desk_and_make_no_bars(rt, clock, client):
    clock.advance(datetime(2026, 4, 3, 13, 20, tzinfo=UTC) - BETWEEN)
    strays = [
        tick(symbol, i, clock.now() - (60 - i) * MINUTE, JOBS_GOOD_FRIDAY) for i, symbol in enumerate(["ES", "GC"])
    ]
    store(rt, strays)

    with pytest.raises(NotFound, match="no session on 2026-04-03"):
        export_session(rt, METALS, JOBS_GOOD_FRIDAY)
    export_session(rt, DEFAULT, JOBS_GOOD_FRIDAY)

    assert states(rt) == {"ES": "exported", "GC": "exported"}
    assert symbols_of(rt.lake.bars_files("1m", JOBS_GOOD_FRIDAY, date.max)) == ["ES"]
    assert stale_exports(rt) == []
    assert client.get("/api/bars?symbol=GC&timeframe=1m").status_code == 404


def test_bars_of_a_day_on_which_the_market_is_closed_are_withdrawn(rt, clock, runner):
    clock.advance(datetime(2026, 4, 3, 13, 20, tzinfo=UTC) - BETWEEN)
    store(rt, [tick("GC", 1, clock.now() - 60 * MINUTE, JOBS_GOOD_FRIDAY)])
    whole = rt.markets
    rt.markets.of_calendar = lambda _calendar: whole.default
    export_session(rt, DEFAULT, JOBS_GOOD_FRIDAY)
    assert symbols_of(rt.lake.bars_files("1m", JOBS_GOOD_FRIDAY, date.max)) == ["GC"]
    del rt.markets.of_calendar

    assert "GC: 0 1m, 0 5m, 0 1h bars" in runner.invoke(args=["generate-bars", "--date=2026-04-03"]).output

    assert rt.lake.bars_files("1m", JOBS_GOOD_FRIDAY, date.max) == []


def store_until(rt, end, *symbols):
    first = ES_CLOSE - timedelta(hours=2)
    minutes = range(round((end - first) / MINUTE))
    store(rt, [tick(symbol, i, first + i * MINUTE) for symbol in symbols for i in minutes])


def store(rt, made):
    store_quotes(rt.sessions, [one._replace(seq=number) for number, one in enumerate(made, start=made[0].seq)])


def tick(symbol, number, ts, day=LABOR_DAY):
    return quote(symbol=symbol, seq=number, ts=ts, recv_ts=ts, session_date=day, last=Decimal(100), volume=None)


def states(rt):
    page = read_catalog(rt, Wanted(kind=TICKS), 100)
    return {one.symbol: str(one.state) for one in page.partitions}


def symbols_of(files):
    return [file.symbol for file in files]


def last_bar(rt, symbol):
    return pq.read_table(rt.lake.bars_file(LABOR_DAY, symbol, "1m")).column("t_close")[-1].as_py()


@pytest.fixture
def clock():
    return FixedClock(BETWEEN)


@pytest.fixture
def rt(app, clock):
    made = replace(app.extensions[EXTENSION], markets=MarketsWithMetals(clock))
    app.extensions[EXTENSION] = made
    return made
