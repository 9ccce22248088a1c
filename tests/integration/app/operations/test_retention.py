import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.export.purging import PurgeState
from app.export.ticks import export_day
from app.ingest.run import Ingestor, IngestPlan
from app.lake.layout import TICKS
from app.lake.manifest import find_file
from app.ledger.models import Reconciliation
from app.market.markets import Markets
from app.operations.retention import RetentionPolicy, apply_retention, days_past, purge_days, retention_due
from app.ticks.models import Tick
from app.ticks.partitions import ensure_partitions, existing_partitions
from app.ticks.store import count_by_day
from tests.desk_days import certificates
from tests.factories import DAY, quotes
from tests.fakes import LABOR_DAY, FixedClock
from tests.ticks import LATER, store_quotes, trade

MARKET = "CME_Futures"
BEFORE = DAY - timedelta(days=1)
LONG_AFTER = datetime(2025, 12, 9, 18, tzinfo=UTC)
POLICY = RetentionPolicy(keep_days=60)


def test_days_are_past_by_calendar_days_before_the_present_trading_day(rt, clock):
    days = [date(2025, 10, 9), date(2025, 10, 10), date(2025, 12, 9)]
    with rt.sessions.begin() as session:
        ensure_partitions(session, days)

    assert days_past(rt, POLICY, LONG_AFTER) == days[:1]
    # At 23:00 UTC the next trading day has begun.
    assert days_past(rt, POLICY, LONG_AFTER.replace(hour=23, minute=30)) == days[:2]
    assert days_past(rt, RetentionPolicy(61), LONG_AFTER) == []


def test_what_is_past_is_exported_proved_and_dropped(rt, clock):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(5)])
    store_quotes(rt.sessions, quotes(2, session_date=BEFORE))
    export_day(rt.sessions, rt.lake, BEFORE, LATER)
    store_quotes(rt.sessions, quotes(2, first_seq=8, session_date=BEFORE))

    done = apply_retention(rt, MARKET, POLICY)

    assert [(one.day, one.state, one.ticks) for one in done] == [
        (BEFORE, PurgeState.PURGED, 4),
        (DAY, PurgeState.PURGED, 5),
    ]
    with rt.sessions() as session:
        assert not existing_partitions(session) & {DAY, BEFORE}
        assert find_file(session, TICKS, BEFORE, "ES").rows == 4
    assert rt.lake.bars_file(DAY, "ES", "1m").is_file()


def test_a_day_that_cannot_go_is_logged_and_holds_up_nobody(rt, clock, caplog):
    store_quotes(rt.sessions, [*quotes(3), *quotes(2, session_date=BEFORE)])
    export_day(rt.sessions, rt.lake, BEFORE, LATER)
    with rt.sessions.begin() as session:
        session.query(Tick).filter_by(session_date=BEFORE, seq=1).delete()

    with caplog.at_level(logging.ERROR):
        done = apply_retention(rt, MARKET, POLICY)

    assert [one.state for one in done] == [PurgeState.REFUSED, PurgeState.PURGED]
    assert "PostgreSQL only 1" in caplog.text


def test_late_ticks_of_a_purged_day_are_merged_and_dropped_again(rt, clock):
    store_quotes(rt.sessions, quotes(3))
    apply_retention(rt, MARKET, POLICY)
    store_quotes(rt.sessions, quotes(5))

    apply_retention(rt, MARKET, POLICY)

    with rt.sessions() as session:
        assert DAY not in existing_partitions(session)
        assert find_file(session, TICKS, DAY, "ES").rows == 5


def test_an_ingestor_goes_on_when_a_day_that_it_knows_is_purged(rt, clock, bus):
    publisher = QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"), ttl_s=600))
    ingestor = Ingestor(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, IngestPlan("one"))
    publisher.publish(quotes(5))
    ingestor.run(Event(), until_drained=True)
    apply_retention(rt, MARKET, POLICY)

    publisher.publish(quotes(6))
    ingestor.run(Event(), until_drained=True)

    with rt.sessions() as session:
        assert count_by_day(session) == {DAY: 6}
    apply_retention(rt, MARKET, POLICY)
    with rt.sessions() as session:
        assert (count_by_day(session), find_file(session, TICKS, DAY, "ES").rows) == ({}, 6)


def test_a_session_that_is_not_over_is_refused(rt):
    store_quotes(rt.sessions, quotes(3))
    export_day(rt.sessions, rt.lake, DAY, LATER)

    (done,) = purge_days(rt, [DAY], datetime(2025, 10, 9, 20, 59, tzinfo=UTC))

    assert done.state is PurgeState.REFUSED
    assert "is not over" in done.reason


def test_a_day_without_a_certificate_gets_one_before_it_goes(rt, clock):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(5)])
    export_day(rt.sessions, rt.lake, DAY, LATER)

    (tried,) = purge_days(rt, [DAY], LONG_AFTER, dry_run=True)
    before = certificates(rt)
    (done,) = purge_days(rt, [DAY], LONG_AFTER)

    assert (tried.state, before, done.state) == (PurgeState.PURGED, {}, PurgeState.PURGED)
    assert certificates(rt)[MARKET, DAY].verdict == "incomplete"


def test_a_day_whose_session_cannot_be_certified_stays(rt, clock):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(5)])
    with rt.sessions.begin() as session:
        key = {"source": "SCHWAB", "symbol": "ES", "session_date": DAY}
        counts = {"published": 7, "stored": 5, "dead": 0, "duplicates": 0, "lost": 0, "in_flight": 2}
        session.add(Reconciliation(**key, **counts, verdict="in_flight", at=LATER))
    export_day(rt.sessions, rt.lake, DAY, LATER)

    (done,) = purge_days(rt, [DAY], LONG_AFTER)

    assert done.state is PurgeState.REFUSED
    assert "is not certified: 2 events were on their way" in done.reason
    assert certificates(rt)[MARKET, DAY].verdict == "failed"


def test_a_day_on_which_one_group_still_trades_is_refused(rt):
    stores = replace(rt, markets=Markets(clock=rt.clock))

    (done,) = purge_days(stores, [LABOR_DAY], datetime(2025, 9, 1, 17, 5, tzinfo=UTC))

    assert (done.state, "purge it after 2025-09-01 21:00 UTC" in done.reason) == (PurgeState.REFUSED, True)


def test_the_symbols_of_every_market_are_exported_before_their_day_is_dropped(rt):
    stores = replace(rt, markets=Markets(clock=rt.clock))
    ts = datetime(2025, 9, 1, 16, tzinfo=UTC)
    known = {"ts": ts, "recv_ts": ts, "session_date": LABOR_DAY}
    store_quotes(rt.sessions, [*quotes(3, **known), *quotes(2, symbol="GC", **known)])

    (done,) = apply_retention(stores, MARKET, POLICY)

    assert (done.state, done.ticks, done.symbols) == (PurgeState.PURGED, 5, 2)
    assert all(rt.lake.bars_file(LABOR_DAY, symbol, "1m").is_file() for symbol in ("ES", "GC"))


def test_it_is_due_once_after_each_close_until_it_was_done(rt, clock, bus):
    assert [retention_due(rt), retention_due(rt)] == [True, False]

    bus.delete(keys.retention_asked(date(2025, 12, 8)))  # As after an hour.
    assert retention_due(rt)
    apply_retention(rt, MARKET, POLICY)
    bus.delete(keys.retention_asked(date(2025, 12, 8)))
    assert not retention_due(rt)

    clock.advance(timedelta(hours=5))
    assert retention_due(rt)


@pytest.fixture
def clock():
    return FixedClock(LONG_AFTER)
