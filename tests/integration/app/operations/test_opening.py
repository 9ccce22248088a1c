from datetime import UTC, date, datetime, timedelta

import pytest
from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.clock import instant_text
from app.desk.events import EventKey
from app.errors import Conflict, NotFound
from app.operations.event_keeping import event_alone
from app.operations.opening import describe_open, open_session
from app.runtime import Runtime
from tests.desk_days import Trade, events_recorded, snapshots, trade, trade_at, watch_only
from tests.factories import quote
from tests.fakes import FixedClock, RecordingDispatch

__all__ = ["trade"]

ES, FX = "CME_Futures", "CME_FX"
THURSDAY, FRIDAY = date(2025, 10, 9), date(2025, 10, 10)
CLOSE, OPEN = datetime(2025, 10, 9, 21, tzinfo=UTC), datetime(2025, 10, 9, 22, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPEN)


def test_an_open_keeps_the_last_price_of_the_session_before_and_shows_it_in_the_snapshot(
    rt: Runtime, bus: Redis, trade: Trade
) -> None:
    trade(trade_at(CLOSE - MINUTE, price=6700), trade_at(CLOSE - SECOND, price=6701.25))

    assert open_session(rt, ES, FRIDAY) == "done"

    expected = {
        "price": "6701.250000000",
        "ts": instant_text(CLOSE - SECOND),
        "source": "REPLAY",
        "session_date": "2025-10-09",
        "contract": "ESZ25",
    }
    assert read_hash(bus, keys.baseline("ES")) == expected
    snapshot = snapshots(rt)[ES, FRIDAY]
    assert snapshot.baseline == {"ES": expected}
    assert (snapshot.opens_at, snapshot.created_at, snapshot.completed_at) == (OPEN, OPEN, None)


def test_an_open_asks_for_ingest_and_is_recorded_with_what_it_did(
    rt: Runtime, trade: Trade, dispatch: RecordingDispatch
) -> None:
    trade(trade_at(CLOSE - SECOND))

    open_session(rt, ES, FRIDAY)

    assert dispatch.sent == [("start_ingest", 1)]
    row = events_recorded(rt)[ES, FRIDAY, "open"]
    assert (row.status, row.started_at, row.detail) == ("done", OPEN, {"baselines": 1, "cleared": 1})


def test_an_open_clears_what_was_quoted_before_it_and_nothing_newer(
    rt: Runtime, bus: Redis, trade: Trade, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    trade(
        trade_at(CLOSE - SECOND, "ES"),
        trade_at(OPEN - SECOND, "NQ"),
        trade_at(OPEN, "YM"),
        trade_at(OPEN + SECOND, "RTY"),
    )

    open_session(rt, ES, FRIDAY)

    assert quoted(bus) == {"YM", "RTY"}


def test_an_open_clears_what_each_source_quoted_before_it(rt: Runtime, bus: Redis, clock: FixedClock) -> None:
    for source, ts in {"EXCEL": OPEN - SECOND, "SCHWAB": OPEN}.items():
        publisher = QuotePublisher(bus, acquire(bus, keys.lease(source), keys.epoch(source)))
        publisher.publish([quote(source=source, ts=ts)])

    open_session(rt, ES, FRIDAY)

    assert bus.keys("quotes:by_source:*") == [keys.by_source("SCHWAB", "ES")]
    assert bus.hget(keys.latest("ES"), "source") == "SCHWAB"


def test_an_open_leaves_the_quotes_of_other_markets_alone(rt: Runtime, bus: Redis, trade: Trade) -> None:
    trade(*(trade_at(CLOSE - SECOND, symbol) for symbol in ("ES", "6E", "CL", "ZN")))

    open_session(rt, FX, FRIDAY)

    assert quoted(bus) == {"ES", "CL", "ZN"}
    assert not bus.exists(keys.baseline("ES"))
    assert bus.exists(keys.baseline("6E"))


def test_a_second_open_changes_nothing(rt: Runtime, bus: Redis, trade: Trade, dispatch: RecordingDispatch) -> None:
    trade(trade_at(CLOSE - SECOND))
    open_session(rt, ES, FRIDAY)
    trade(trade_at(OPEN - SECOND, "NQ"))

    assert open_session(rt, ES, FRIDAY) is None

    assert quoted(bus) == {"NQ"}
    assert dispatch.sent == [("start_ingest", 1)]


def test_an_open_is_left_to_whoever_is_at_it(rt: Runtime) -> None:
    with event_alone(rt, EventKey(ES, FRIDAY, "open")), pytest.raises(Conflict, match="another process works"):
        open_session(rt, ES, FRIDAY)

    assert snapshots(rt) == {}


def test_an_open_that_begins_late_is_recorded_as_late_and_clears_up_to_the_open(
    rt: Runtime, bus: Redis, trade: Trade, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=3))
    trade(trade_at(CLOSE - SECOND, "NQ"), trade_at(OPEN + MINUTE, "ES"))

    assert open_session(rt, ES, FRIDAY) == "late"

    row = events_recorded(rt)[ES, FRIDAY, "open"]
    assert (row.reason, row.late_s) == ("begun 10,800 s late", 10_800)
    assert quoted(bus) == {"ES"}


@pytest.mark.parametrize(
    ("day", "why"),
    [(date(2025, 12, 25), ", it is Christmas: see `flask calendar --month=2025-12`"), (date(2025, 10, 11), ": see")],
    ids=["holiday", "Saturday"],
)
def test_a_day_without_a_session_is_not_opened(rt: Runtime, day: date, why: str) -> None:
    with pytest.raises(NotFound, match=f"CME_Futures has no session on {day}{why}"):
        open_session(rt, ES, day)

    assert events_recorded(rt) == {}


def test_the_plan_of_an_open_names_the_session_before(rt: Runtime) -> None:
    watch_only(rt, "ES")

    lines = describe_open(rt, ES, date(2025, 9, 2))

    assert lines[0] == "keep the last price of each symbol, of the session 2025-09-01, as the baseline"
    assert lines[1] == "clear the latest quotes from before 2025-09-01 22:00 UTC"
    assert snapshots(rt) == {}


def quoted(bus: Redis) -> set[str]:
    """The symbols with a latest quote."""
    return {key.rpartition(":")[2] for key in bus.scan_iter(f"{keys.latest('')}*")}
