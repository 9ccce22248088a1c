from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import sessionmaker

from app.bus.stream import QuotePublisher
from app.desk.models import SessionCertificate
from app.errors import Conflict, NotFound
from app.ledger.models import Gap
from app.operations import reconciling
from app.operations.certifying import certify
from app.operations.exporting import export_session
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from tests.balancing import nothing_aside, remove
from tests.desk_days import Trade, trade, trade_at, traded
from tests.fakes import FixedClock

__all__ = ["nothing_aside", "trade"]

ES, FX = "CME_Futures", "CME_FX"
THURSDAY = date(2025, 10, 9)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is not stored stays so in these tests: nobody else works.
    monkeypatch.setattr(reconciling, "LOOK_EVERY_S", 0.0)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE + 2 * MINUTE)


def test_a_session_is_complete_when_all_that_was_published_is_stored_and_in_the_lake(rt: Runtime, trade: Trade) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))

    made = certified(rt)

    assert (made.verdict, made.reasons) == ("complete", [])
    figures = made.figures
    assert (figures["published"], figures["stored"], figures["rows_in_files"]) == (len(ticks),) * 3
    assert [(file["rows"], len(file["sha256"])) for file in made.files] == [(len(ticks), 64)]


def test_what_happened_outside_of_the_session_is_counted_and_does_not_cover_minutes(rt: Runtime, trade: Trade) -> None:
    trade(trade_at(OPEN - 5 * MINUTE, day=THURSDAY), trade_at(OPEN + 30 * SECOND), trade_at(CLOSE + SECOND))

    figures = certified(rt).figures

    assert (figures["ticks"], figures["out_of_session"], figures["present_minutes"]) == (2, 1, 1)


def test_crossed_and_delayed_ticks_are_counted(rt: Runtime, trade: Trade) -> None:
    trade(
        trade_at(OPEN, bid=2, ask=1),
        trade_at(OPEN + SECOND, bid=1, ask=2, delayed=True),
        trade_at(CLOSE + SECOND, bid=2, ask=1),
    )

    figures = certified(rt).figures

    assert (figures["crossed"], figures["delayed"]) == (1, 1)


def test_lost_events_make_a_session_incomplete(
    rt: Runtime, trade: Trade, sessions: sessionmaker, nothing_aside: None
) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    remove(sessions, 3)

    made = certified(rt)

    assert made.verdict == "incomplete"
    assert "3 events are lost" in made.reasons


def test_a_symbol_that_lost_all_its_events_makes_a_session_incomplete(
    rt: Runtime, trade: Trade, sessions: sessionmaker, nothing_aside: None
) -> None:
    trade(trade_at(OPEN + timedelta(seconds=1), "NQ", day=THURSDAY), *traded(rt.market.session(THURSDAY))[1:])
    remove(sessions, 1)

    made = certified(rt)

    assert made.verdict == "incomplete"
    assert "1 events are lost" in made.reasons


def test_dead_letters_make_a_session_incomplete(
    rt: Runtime, trade: Trade, publisher: QuotePublisher, clock: FixedClock
) -> None:
    clock.advance(-2 * timedelta(hours=1))
    trade(*traded(rt.market.session(THURSDAY)))  # The last two hours are in the future.
    clock.advance(2 * timedelta(hours=1))

    made = certified(rt)

    assert made.verdict == "incomplete"
    assert [reason for reason in made.reasons if "dead letters" in reason] == ["38 events are dead letters"]


def test_minutes_without_a_feed_make_a_session_incomplete(rt: Runtime, trade: Trade) -> None:
    ticks = traded(rt.market.session(THURSDAY))
    trade(*(one for one in ticks if not OPEN + 60 * MINUTE < one.ts < OPEN + 75 * MINUTE))

    made = certified(rt)

    assert made.verdict == "incomplete"
    assert made.reasons == ["no feed was alive in 14 of 1,380 minutes"]


def test_a_gap_of_another_market_s_symbols_alone_does_not_count(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)), *traded(rt.market.session(THURSDAY), "6E"))
    known = {"kind": "sequence", "source": "REPLAY", "session_date": THURSDAY, "missing": 1}
    with rt.sessions.begin() as session:
        session.add(Gap(**known, from_ts=OPEN, to_ts=CLOSE, symbols={"6E": 1}))

    assert (certified(rt).verdict, certified(rt, FX).reasons) == ("complete", ["1 gaps are known"])


def test_events_on_their_way_fail_a_session(rt: Runtime, trade: Trade, publisher: QuotePublisher) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    publisher.publish([trade_at(OPEN + number * SECOND) for number in (1, 2)])

    made = certified(rt)

    assert (made.verdict, made.reasons) == ("failed", ["2 events were on their way when the day was last balanced"])


def test_ticks_that_are_not_in_the_lake_fail_a_session(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    reconcile(rt)

    made = certify(rt, ES, THURSDAY)

    assert made.verdict == "failed"
    assert made.reasons[0].startswith("2025-10-09 has no file of ES: export it first")
    assert made.figures["lake_equals_database"] is False


def test_a_damaged_file_fails_a_session(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    reconcile(rt)
    export_session(rt, ES, THURSDAY)
    path = rt.lake.ticks_file(THURSDAY, "ES")
    path.write_bytes(path.read_bytes()[:-9])

    made = certify(rt, ES, THURSDAY)

    assert made.verdict == "failed"
    assert made.reasons[0].startswith("ticks/date=2025-10-09/symbol=ES/ticks.parquet")


def test_a_session_that_runs_is_not_certified(rt: Runtime, clock: FixedClock) -> None:
    clock.advance(-3 * MINUTE)

    with pytest.raises(Conflict, match="runs until 2025-10-09 21:00 UTC"):
        certify(rt, ES, THURSDAY)


def test_a_day_without_a_session_is_not_certified(rt: Runtime) -> None:
    with pytest.raises(NotFound):
        certify(rt, ES, date(2025, 4, 18))


def certified(rt: Runtime, market: str = ES) -> SessionCertificate:
    """The certificate of Thursday after its balance and its export."""
    reconcile(rt)
    export_session(rt, market, THURSDAY)
    return certify(rt, market, THURSDAY)
