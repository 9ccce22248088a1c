from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq
import pytest
from redis import Redis
from sqlalchemy import delete

from app.bus.marks import is_past
from app.bus.stream import QuotePublisher
from app.desk.events import EventKey
from app.desk.models import MarketDataSnapshot, SessionCertificate
from app.errors import Conflict, NotFound, Unavailable
from app.lake.manifest import list_files
from app.operations import closing
from app.operations.closing import (
    backfill_session,
    close_session,
    close_unless_under_way,
    describe_close,
    drain,
    require_over,
)
from app.operations.event_keeping import event_alone
from app.operations.exporting import export_session, stale_exports
from app.operations.opening import open_session
from app.runtime import Runtime
from app.ticks.reading import count_by_symbol
from tests.desk_days import (
    Trade,
    certificates,
    events_recorded,
    no_patience,
    snapshots,
    statuses,
    trade,
    trade_at,
    traded,
)
from tests.fakes import FixedClock
from tests.lake_days import purge

__all__ = ["no_patience", "trade"]

ES = "CME_Futures"
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE + 2 * MINUTE)


def test_a_close_exports_certifies_and_completes_the_snapshot(rt: Runtime, trade: Trade) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)), trade_at(CLOSE + SECOND, day=THURSDAY), trade_at(OPEN, "NQ"))
    open_session(rt, ES, THURSDAY)

    closed = close_session(rt, ES, THURSDAY)

    assert (closed.ending, closed.certificate.verdict, closed.certificate.reasons) == ("late", "complete", [])
    snapshot = snapshots(rt)[ES, THURSDAY]
    assert snapshot.completed_at == CLOSE + 2 * MINUTE
    assert (snapshot.ticks, snapshot.symbols) == (len(ticks), 2)
    assert snapshot.by_symbol == {"ES": len(ticks) - 1, "NQ": 1}
    assert (snapshot.first_ts, snapshot.last_ts) == (OPEN, CLOSE + SECOND)
    assert snapshot.quality == {
        "expected_minutes": 1380,
        "present_minutes": 1380,
        "out_of_session": 1,
        "crossed": 0,
        "delayed": 0,
    }
    assert pq.read_metadata(rt.lake.ticks_file(THURSDAY, "ES")).num_rows == len(ticks) - 1
    assert rt.lake.bars_file(THURSDAY, "NQ", "1m").is_file()
    assert events_recorded(rt)[ES, THURSDAY, "close"].detail == {"verdict": "complete"}


def test_a_close_certifies_the_symbols_of_its_market_alone(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)), trade_at(OPEN + MINUTE, "6E"), trade_at(OPEN + MINUTE, "CL"))

    close_session(rt, ES, THURSDAY)

    assert snapshots(rt)[ES, THURSDAY].by_symbol.keys() == {"ES"}
    assert [file["path"] for file in certificates(rt)[ES, THURSDAY].files] == [
        "ticks/date=2025-10-09/symbol=ES/ticks.parquet"
    ]


@pytest.mark.parametrize("do", [close_session, backfill_session, require_over])
def test_a_session_that_runs_is_not_closed(rt: Runtime, clock: FixedClock, do: Callable[..., object]) -> None:
    clock.advance(-2 * MINUTE - SECOND)

    with pytest.raises(Conflict, match="is not over: it closes at 2025-10-09 21:00 UTC"):
        do(rt, ES, THURSDAY)

    assert statuses(rt) == {}


@pytest.mark.parametrize("do", [close_session, backfill_session, describe_close])
def test_a_day_without_a_session_is_not_closed(rt: Runtime, do: Callable[..., object]) -> None:
    with pytest.raises(NotFound, match="CME_Futures has no session on 2025-04-18, it is Good Friday"):
        do(rt, ES, date(2025, 4, 18))

    assert statuses(rt) == {}


@pytest.mark.parametrize("do", [close_session, backfill_session])
def test_nothing_ends_while_the_stream_is_not_stored(
    rt: Runtime, publisher: QuotePublisher, do: Callable[..., object]
) -> None:
    publisher.publish(traded(rt.market.session(THURSDAY))[:7])

    with pytest.raises(Unavailable, match="7 events of the stream are not stored yet"):
        do(rt, ES, THURSDAY)

    assert statuses(rt) == {(THURSDAY, "close"): "started"}
    assert certificates(rt) == {}
    assert snapshots(rt)[ES, THURSDAY].completed_at is None
    assert not rt.lake.ticks_file(THURSDAY, "ES").exists()


def test_what_was_not_stored_at_first_is_in_the_certificate_in_the_end(
    rt: Runtime, publisher: QuotePublisher, drain: Callable[[], object]
) -> None:
    ticks = traded(rt.market.session(THURSDAY))
    publisher.publish(ticks)
    with pytest.raises(Unavailable):
        close_session(rt, ES, THURSDAY)
    drain()

    closed = close_session(rt, ES, THURSDAY)

    assert (closed.ending, closed.certificate.verdict) == ("late", "complete")
    assert closed.certificate.figures["ticks"] == len(ticks)


def test_draining_waits_for_what_is_published_before_it_and_not_for_what_comes_after(
    rt: Runtime, publisher: QuotePublisher, running: Callable[..., object]
) -> None:
    publisher.publish(traded(rt.market.session(THURSDAY)))

    with running():
        drain(rt, 20)

    with rt.sessions() as session:
        assert count_by_symbol(session, THURSDAY) == {"ES": 461}


def test_draining_that_began_before_the_first_ingestor_ends_when_it_is_done(
    rt: Runtime, publisher: QuotePublisher, running: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun = Event()
    monkeypatch.setattr(closing, "is_past", lambda *asked: has_begun.set() or is_past(*asked))
    publisher.publish(traded(rt.market.session(THURSDAY)))

    with ThreadPoolExecutor(1) as pool:
        draining = pool.submit(drain, rt, 20)
        assert has_begun.wait(20)
        with running():
            draining.result(20)

    with rt.sessions() as session:
        assert count_by_symbol(session, THURSDAY) == {"ES": 461}


def test_a_second_close_changes_nothing(rt: Runtime, trade: Trade, clock: FixedClock) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    close_session(rt, ES, THURSDAY)
    before = state(rt)
    clock.advance(timedelta(hours=1))

    again = close_session(rt, ES, THURSDAY)

    assert again.ending is None
    assert state(rt) == before


def test_a_close_is_left_to_whoever_is_at_it(rt: Runtime) -> None:
    with event_alone(rt, EventKey(ES, THURSDAY, "close")):
        close_unless_under_way(rt, ES, THURSDAY)
        with pytest.raises(Conflict, match="another process works at the close"):
            close_session(rt, ES, THURSDAY)

    assert (statuses(rt), snapshots(rt)) == ({}, {})


def test_a_session_without_a_tick_is_closed_as_incomplete(rt: Runtime) -> None:
    closed = close_session(rt, ES, THURSDAY)

    assert closed.certificate.verdict == "incomplete"
    assert closed.certificate.reasons == [
        "no tick of the session is stored",
        "no feed was alive in 1,380 of 1,380 minutes",
    ]
    snapshot = snapshots(rt)[ES, THURSDAY]
    assert (snapshot.ticks, snapshot.symbols, snapshot.first_ts) == (0, 0, None)
    assert statuses(rt)[THURSDAY, "close"] == "late"


@pytest.mark.parametrize("do", [close_session, backfill_session])
def test_a_damaged_file_whose_ticks_are_stored_is_written_again(
    rt: Runtime, trade: Trade, do: Callable[..., object]
) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    export_session(rt, ES, THURSDAY)
    flip_a_bit(rt.lake.ticks_file(THURSDAY, "ES"))

    do(rt, ES, THURSDAY)

    assert certificates(rt)[ES, THURSDAY].verdict == "complete"
    assert pq.read_metadata(rt.lake.ticks_file(THURSDAY, "ES")).num_rows == len(ticks)


def test_a_damaged_file_that_is_the_only_one_fails_the_certificate_and_not_the_close(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    export_session(rt, ES, THURSDAY)
    purge(rt.sessions, THURSDAY)
    flip_a_bit(rt.lake.ticks_file(THURSDAY, "ES"))

    closed = close_session(rt, ES, THURSDAY)

    assert (closed.ending, closed.certificate.verdict) == ("late", "failed")
    assert "ticks/date=2025-10-09/symbol=ES/ticks.parquet is damaged" in closed.certificate.reasons[0]
    assert str(rt.lake.root) not in " ".join(closed.certificate.reasons)


def test_backfilling_makes_everything_that_is_missing(rt: Runtime, trade: Trade) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    close_session(rt, ES, THURSDAY)
    rt.lake.bars_file(THURSDAY, "ES", "1m").unlink()
    with rt.sessions.begin() as session:
        session.execute(delete(SessionCertificate))
        session.execute(delete(MarketDataSnapshot))

    closed = backfill_session(rt, ES, THURSDAY)

    assert (closed.ending, closed.certificate.verdict) == (None, "complete")
    assert certificates(rt)[ES, THURSDAY].verdict == "complete"
    assert snapshots(rt)[ES, THURSDAY].ticks == len(ticks)
    assert rt.lake.bars_file(THURSDAY, "ES", "1m").is_file()


def test_backfilling_again_writes_nothing_again(rt: Runtime, trade: Trade, clock: FixedClock) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    backfill_session(rt, ES, THURSDAY)
    before = state(rt)
    clock.advance(timedelta(hours=1))

    again = backfill_session(rt, ES, THURSDAY)

    assert again.certificate.verdict == "complete"
    assert state(rt)["files"] == before["files"]
    assert state(rt)["figures"] == before["figures"]


def test_ticks_that_came_after_the_close_are_in_the_certificate_of_a_backfill(
    rt: Runtime, trade: Trade, clock: FixedClock
) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    close_session(rt, ES, THURSDAY)
    clock.advance(timedelta(hours=1))
    trade(trade_at(OPEN + 7 * SECOND, day=THURSDAY))

    closed = backfill_session(rt, ES, THURSDAY)

    assert closed.certificate.figures["ticks"] == len(ticks) + 1
    assert snapshots(rt)[ES, THURSDAY].ticks == len(ticks) + 1
    assert stale_exports(rt) == []


def test_what_hinders_a_close_for_now_is_logged_in_a_line(
    rt: Runtime, publisher: QuotePublisher, caplog: pytest.LogCaptureFixture
) -> None:
    publisher.publish(traded(rt.market.session(THURSDAY))[:7])

    close_unless_under_way(rt, ES, THURSDAY)

    assert "the close of CME_Futures on 2025-10-09 is not done yet: 7 events of the stream" in caplog.text
    assert statuses(rt) == {(THURSDAY, "close"): "started"}


def test_a_session_of_which_nothing_is_in_the_database_any_more_is_backfilled_from_the_lake(
    rt: Runtime, trade: Trade, clock: FixedClock
) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    close_session(rt, ES, THURSDAY)
    clock.advance(timedelta(days=40))
    purge(rt.sessions, THURSDAY)
    with rt.sessions.begin() as session:
        session.execute(delete(MarketDataSnapshot))

    closed = backfill_session(rt, ES, THURSDAY)

    assert (closed.certificate.verdict, closed.certificate.reasons) == ("complete", [])
    snapshot = snapshots(rt)[ES, THURSDAY]
    assert (snapshot.ticks, snapshot.first_ts, snapshot.last_ts) == (len(ticks), OPEN, CLOSE - SECOND)


def test_a_backfill_of_an_old_session_leaves_the_baseline_of_the_running_one_alone(
    rt: Runtime, bus: Redis, trade: Trade, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=1))
    trade(trade_at(CLOSE - SECOND, price=2, day=THURSDAY), trade_at(OPEN - 2 * timedelta(hours=1), price=1))
    open_session(rt, ES, FRIDAY)
    before = bus.hgetall("quotes:baseline:ES")

    backfill_session(rt, ES, THURSDAY)

    assert before["session_date"] == "2025-10-09"
    assert bus.hgetall("quotes:baseline:ES") == before


def test_the_plan_of_a_close_promises_what_a_close_does(rt: Runtime) -> None:
    lines = describe_close(rt, ES, date(2025, 9, 1))

    assert lines[0] == "wait for the close at 2025-09-01 17:00 UTC and the last events of the session"
    assert lines[4] == "write the ticks and bars of CME_Futures on 2025-09-01 to the lake"
    assert statuses(rt) == {}


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def state(rt: Runtime) -> dict[str, object]:
    """What a close leaves behind, with the times at which it was made."""
    with rt.sessions() as session:
        files = [(row.path, row.written_at, row.sha256) for row in list_files(session, THURSDAY, FRIDAY)]
    row, snapshot = certificates(rt)[ES, THURSDAY], snapshots(rt)[ES, THURSDAY]
    bars = pq.read_table(rt.lake.bars_file(THURSDAY, "ES", "1m")).to_pylist()
    ended = events_recorded(rt)[ES, THURSDAY, "close"].done_at
    return {
        "files": (files, bars),
        "figures": (row.verdict, row.figures, row.files, snapshot.ticks, snapshot.by_symbol, ended),
        "times": (row.made_at, snapshot.completed_at),
    }
