"""What a feed goes on from, when the collector of its source begins anew."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from app.bus import keys
from app.bus.stream import stream_state
from app.collectors.excel.plan import ExcelPlan
from app.collectors.progress import begin_health, write_health
from app.collectors.schwab.feed import SchwabFeed
from app.collectors.schwab.plan import SchwabPlan
from app.local.ports import free_port
from app.operations.collecting import CollectorPlan, collect
from app.operations.feeds import schwab_feed
from app.operations.wishes import want
from app.runtime import Runtime
from tests.sheets import ES, HEADERS, ZB, row, save_workbook
from tests.waiting import until


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "quotes.xlsx"
    save_workbook(path, HEADERS, ES, ZB)
    return path


@pytest.fixture
def while_collected(rt: Runtime, workbook: Path, tmp_path: Path) -> Callable[[Callable[[], object]], None]:
    """Collects the workbook until a condition holds."""
    excel = ExcelPlan("excel_file", workbook, "Futures", "A1:M20", False, 0.05)
    plan = CollectorPlan(tmp_path / "spool", 1 << 20, 100_000, excel=excel)
    want(rt, "EXCEL", "hand")

    def run(condition: Callable[[], object]) -> None:
        stop = Event()
        thread = Thread(target=collect, args=(rt, "EXCEL", stop, plan))
        thread.start()
        try:
            until(condition)
        finally:
            stop.set()
            thread.join(20)

    return run


def test_a_sheet_that_stays_as_it_is_has_no_fresh_prices_because_its_collector_began_anew(
    bus: Redis, workbook: Path, while_collected: Callable[[Callable[[], object]], None]
) -> None:
    while_collected(lambda: stream_state(bus).added == 2)
    quoted, begun = bus.hgetall(keys.latest("ES")), bus.hget(keys.health("EXCEL"), "begun_ms")

    while_collected(
        lambda: (
            bus.hget(keys.health("EXCEL"), "begun_ms") != begun
            and bus.hget(keys.health("EXCEL"), "feed_frames")
            and bus.hget(keys.health("EXCEL"), "feed") == "streaming"
        )
    )
    unchanged = (stream_state(bus).added, bus.hgetall(keys.latest("ES")))
    save_workbook(workbook, HEADERS, row(last=1.25), ZB)
    while_collected(lambda: stream_state(bus).added > 2)

    assert unchanged == (2, quoted)
    assert (stream_state(bus).added, bus.hget(keys.latest("ES"), "last")) == (3, "1.25")


def test_while_postgres_is_away_schwab_is_asked_for_what_it_was_before(
    rt: Runtime, bus: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(
        SchwabFeed, "__init__", lambda _self, _plan, symbols, *_rest, **_more: asked.append(list(symbols))
    )
    nowhere = create_engine(f"postgresql+psycopg2://u:p@127.0.0.1:{free_port()}/d")
    write_health(bus, "SCHWAB", {"state": "running", "symbols": "ES,6E"})
    begin_health(bus, "SCHWAB", {"state": "starting"})
    plan = SchwabPlan("id", "secret", "https://127.0.0.1:8182", tmp_path / "token.json", "http://127.0.0.1:1", None, ())

    schwab_feed(replace(rt, sessions=sessionmaker(nowhere)), plan, {})(lambda: 1)

    assert asked == [["ES", "6E"]]
