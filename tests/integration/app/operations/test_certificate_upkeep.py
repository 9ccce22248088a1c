from datetime import UTC, date, datetime, timedelta

import pytest

from app.operations import closing
from app.operations.certificate_upkeep import outdated_certificates
from app.operations.closing import close_session
from app.operations.exporting import SessionExport, export_session
from app.operations.foreground import in_foreground
from app.operations.reconciling import reconcile
from app.operations.tick import market_tick
from app.runtime import Runtime
from tests.desk_days import POLICY, Trade, certificates, no_patience, trade, trade_at, traded, watch_only
from tests.fakes import FixedClock

__all__ = ["no_patience", "trade"]

ES = "CME_Futures"
THURSDAY = date(2025, 10, 9)
CLOSE = datetime(2025, 10, 9, 21, tzinfo=UTC)
LATE = CLOSE + timedelta(seconds=30)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(CLOSE + timedelta(minutes=2))


def test_a_certificate_that_tells_what_is_there_stays(rt: Runtime, trade: Trade) -> None:
    trade(*traded(rt.market.session(THURSDAY)))
    first = close_session(rt, ES, THURSDAY).certificate

    again = close_session(rt, ES, THURSDAY)

    assert list(outdated_certificates(rt)) == []
    assert (again.ending, again.certificate.made_at) == (None, first.made_at)


def test_a_certificate_is_outdated_once_late_ticks_are_balanced_and_follows_their_export(
    rt: Runtime, clock: FixedClock, trade: Trade
) -> None:
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    close_session(rt, ES, THURSDAY)
    clock.advance(timedelta(minutes=5))

    trade(trade_at(LATE))
    reconcile(rt)
    balanced = list(outdated_certificates(rt))
    export_session(rt, ES, THURSDAY)
    again = close_session(rt, ES, THURSDAY).certificate

    assert balanced == [SessionExport(THURSDAY, ES)]
    assert (again.verdict, again.figures["rows_in_files"]) == ("complete", len(ticks) + 1)
    assert list(outdated_certificates(rt)) == []


def test_the_timetable_certifies_again_what_was_exported_again(rt: Runtime, clock: FixedClock, trade: Trade) -> None:
    watch_only(rt, "ES")
    desk = in_foreground(rt)
    ticks = trade(*traded(rt.market.session(THURSDAY)))
    market_tick(desk, POLICY)
    close_session(rt, ES, THURSDAY)
    trade(trade_at(LATE))
    export_session(rt, ES, THURSDAY)

    clock.advance(timedelta(minutes=6))
    market_tick(desk, POLICY)

    assert certificates(rt)[ES, THURSDAY].files[0]["rows"] == len(ticks) + 1


def test_while_a_market_is_open_no_certificate_of_that_day_is_outdated(
    rt: Runtime, clock: FixedClock, trade: Trade
) -> None:
    holiday = date(2025, 9, 1)
    clock.advance(datetime(2025, 9, 1, 17, 5, tzinfo=UTC) - clock.now())
    trade(*traded(rt.market.session(holiday)))
    close_session(rt, ES, holiday)
    trade(trade_at(datetime(2025, 9, 1, 17, 4, tzinfo=UTC)))
    export_session(rt, ES, holiday)

    early = list(outdated_certificates(rt))
    clock.advance(timedelta(hours=6))

    assert (early, list(outdated_certificates(rt))) == ([], [SessionExport(holiday, ES)])


def test_a_tick_that_comes_while_files_are_compared_fails_no_certificate(
    rt: Runtime, trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks, export = trade(*traded(rt.market.session(THURSDAY))), closing.export_session
    late = [trade_at(LATE)]

    def slow(*asked: object) -> None:
        export(*asked)
        trade(*(late.pop() for _ in range(len(late))))

    monkeypatch.setattr(closing, "export_session", slow)
    certificate = close_session(rt, ES, THURSDAY).certificate

    assert (certificate.verdict, certificate.figures["rows_in_files"]) == ("complete", len(ticks) + 1)
    assert certificate.figures["stored"] == len(ticks) + 1
