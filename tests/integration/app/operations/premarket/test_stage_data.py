from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from app.bus.stream import QuotePublisher
from app.desk.events import EventKey
from app.desk.models import SessionCertificate
from app.errors import Unavailable
from app.lake.manifest import find_file, verify_file
from app.operations.closing import close_session
from app.operations.event_keeping import event_alone
from app.operations.exporting import export_session
from app.operations.premarket import stage_data
from app.operations.premarket.stage_data import Need, Readied, ready_data
from app.runtime import Runtime
from tests.desk_days import Trade, certificates, no_patience, trade, trade_at
from tests.fakes import FixedClock

__all__ = ["no_patience", "trade"]

ES: Final = "CME_Futures"
WEDNESDAY, THURSDAY, FRIDAY = date(2025, 10, 8), date(2025, 10, 9), date(2025, 10, 10)
OPEN = datetime(2025, 10, 9, 22, tzinfo=UTC)
DUE = datetime(2025, 10, 10, 10, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NEED = Need(["ES"], WEDNESDAY, FRIDAY, DUE, DUE, DUE + 50 * MINUTE)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(DUE)


@pytest.fixture(autouse=True)
def no_waiting(no_patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_data, "DRAIN_S", 0.0)


@pytest.fixture
def traded(trade: Trade) -> Callable[[], None]:
    def store() -> None:
        trade(*(trade_at(OPEN - days * 24 * HOUR + hour * HOUR) for days in (2, 1, 0) for hour in (1, 2)))

    return store


def test_the_running_session_is_exported_and_the_one_before_is_certified(
    rt: Runtime, traded: Callable[[], None]
) -> None:
    traded()

    told = list[str]()

    readied = ready_data(rt, NEED, told.append)

    assert readied.reasons == []
    assert [text.partition(" ")[0] for text in told] == ["stream:", "lake:", "lake:", "certificates", "lake:"]
    with rt.sessions() as session:
        file = find_file(session, "ticks", FRIDAY, "ES")
    assert file is not None
    assert (file.rows, file.max_ts) == (2, OPEN + 2 * HOUR)
    assert rt.lake.ticks_file(WEDNESDAY, "ES").is_file()
    assert list(certificates(rt)) == [(ES, THURSDAY)]


def test_a_file_that_is_damaged_is_mended_from_the_database(
    rt: Runtime, traded: Callable[[], None], clock: FixedClock
) -> None:
    traded()
    clock.advance(-HOUR)
    export_session(rt, ES, WEDNESDAY)
    spoil(rt, WEDNESDAY)
    clock.advance(HOUR)

    readied = ready(rt)

    with rt.sessions() as session:
        file = find_file(session, "ticks", WEDNESDAY, "ES")
    assert file is not None
    assert (file.damage, file.rows) == (None, 2)
    assert verify_file(rt.lake, file).is_file()
    assert readied.reasons == []


def test_files_are_read_whole_once_a_day(rt: Runtime, traded: Callable[[], None], clock: FixedClock) -> None:
    traded()
    clock.advance(-HOUR)
    export_session(rt, ES, WEDNESDAY)
    clock.advance(HOUR)

    found = [ready(rt), ready(rt)]

    assert [(one.read > 0, one.unread) for one in found] == [(True, 0), (False, 0)]


def test_reading_and_mending_end_in_time_for_the_analyses(
    rt: Runtime, traded: Callable[[], None], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded()
    clock.advance(-HOUR)
    close_session(rt, ES, THURSDAY)
    clock.advance(HOUR)
    whole = stage_data.verify_files

    def slow(*arguments: Any) -> Any:
        clock.advance(50 * MINUTE)
        return whole(*arguments)

    monkeypatch.setattr(stage_data, "verify_files", slow)

    readied = ready(rt)

    assert (readied.read, readied.unread > 0) == (1, True)
    assert readied.reasons == [
        "exports of 1 past days were left undone for lack of time: run `flask backfill-parquet`",
        f"{readied.unread} files of the lake were not read whole for lack of time",
    ]
    assert not rt.lake.ticks_file(WEDNESDAY, "ES").exists()
    assert rt.lake.ticks_file(FRIDAY, "ES").is_file()


def test_what_is_not_stored_yet_is_told(rt: Runtime, traded: Callable[[], None], publisher: QuotePublisher) -> None:
    traded()
    publisher.publish([trade_at(DUE - MINUTE)])

    readied = ready(rt)

    told = "1 events of the stream are not stored yet"
    assert readied.reasons == [told, f"the session of {ES} on {THURSDAY} is not certified: {told}"]


def test_an_export_that_is_refused_is_told(
    rt: Runtime, traded: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    traded()
    close_session(rt, ES, THURSDAY)

    def refuse(_stores: object, _market: str, day: date) -> None:
        raise Unavailable(f"no space is left under {rt.lake.root}: free some, then run it again")

    monkeypatch.setattr(stage_data, "export_session", refuse)

    readied = ready(rt)

    full = "could not be exported: no space is left under the lake: free some, then run it again"
    assert readied.reasons == [
        f"{ES} on {FRIDAY} {full}",
        f"{ES} on {WEDNESDAY} {full}",
    ]


def test_a_session_that_failed_is_certified_again_once_a_day(
    rt: Runtime, traded: Callable[[], None], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    traded()
    clock.advance(-HOUR)
    close_session(rt, ES, THURSDAY)
    with rt.sessions.begin() as session:
        session.get_one(SessionCertificate, (ES, THURSDAY)).verdict = "failed"
    clock.advance(HOUR)

    assert ready(rt).reasons == []
    assert (certificates(rt)[ES, THURSDAY].verdict, certificates(rt)[ES, THURSDAY].made_at) == ("incomplete", DUE)

    with rt.sessions.begin() as session:
        certificate = session.get_one(SessionCertificate, (ES, THURSDAY))
        certificate.verdict, certificate.reasons = "failed", ["a file differs", "one more", "and another"]
    told = f"the session of {ES} on {THURSDAY} is not certified: a file differs; one more"
    assert ready(rt).reasons == [told]


def test_a_close_that_another_process_is_at_is_told(rt: Runtime, traded: Callable[[], None]) -> None:
    traded()

    with event_alone(rt, EventKey(ES, THURSDAY, "close")):
        readied = ready(rt)

    assert readied.reasons == [
        f"the session of {ES} on {THURSDAY} is not certified: another process works at the close of {ES} on "
        f"{THURSDAY}: wait for it"
    ]


def ready(rt: Runtime) -> Readied:
    return ready_data(rt, NEED, lambda _text: None)


def spoil(rt: Runtime, day: date) -> None:
    path = rt.lake.ticks_file(day, "ES")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
