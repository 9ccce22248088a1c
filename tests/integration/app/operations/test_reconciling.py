import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from redis import Redis
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.groups import Entry, GroupReader
from app.bus.hashes import read_hash
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.clock import instant_text
from app.errors import Conflict
from app.ingest.rows import RowMaker
from app.ingest.storing import Batch, TickWriter
from app.ledger.balance import lock_balances
from app.ledger.models import DeadLetter, Gap, Loss, Reconciliation
from app.ledger.totals import sum_losses
from app.market.markets import Markets
from app.operations import reconciling
from app.operations.dead_letter_desk import DeadLetterDesk
from app.operations.loss_folding import fold_published
from app.operations.reconciling import reconcile
from app.quotes import seq_of
from app.runtime import Runtime
from tests.balancing import losses, nothing_aside, put_back, remove, take
from tests.factories import DAY, MOMENT, quotes, words
from tests.fakes import LABOR_DAY, FixedClock

__all__ = ["nothing_aside"]

Sessions = sessionmaker[Session]
QUICK = {"lost_after_ms": 50, "recover_every_s": 0.05}


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is under way stays so in these tests: nobody else works.
    monkeypatch.setattr(reconciling, "LOOK_EVERY_S", 0.0)


def test_what_is_published_and_stored_is_balanced(rt: Runtime, publisher: QuotePublisher, drain: Callable) -> None:
    publisher.publish([*quotes(5), *quotes(3, first_seq=10, symbol="NQ")])
    drain()

    found = reconcile(rt)

    assert [(one.symbol, one.published, one.stored, one.verdict) for one in found.balances] == [
        ("ES", 5, 5, "balanced"),
        ("NQ", 3, 3, "balanced"),
    ]
    assert found.at_rest


def test_what_nobody_has_read_is_in_flight(rt: Runtime, publisher: QuotePublisher, drain: Callable) -> None:
    publisher.publish(quotes(5))
    drain()
    publisher.publish(quotes(4, first_seq=6))

    found = reconcile(rt)

    assert [(one.in_flight, one.lost, one.verdict) for one in found.balances] == [(4, 0, "in_flight")]
    assert not found.at_rest


def test_a_second_reconcile_changes_nothing(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(5), *quotes(2)])
    drain()
    remove(sessions, 2)
    reconcile(rt)
    settled = reconcile(rt)
    before = ledger(sessions)

    again = reconcile(rt)

    assert [one.verdict for one in settled.balances] == ["balanced"]
    assert ledger(sessions) == before
    assert again.days == []


def test_an_event_published_twice_is_a_duplicate(rt: Runtime, publisher: QuotePublisher, drain: Callable) -> None:
    publisher.publish(quotes(3))
    publisher.publish(quotes(3))
    drain()

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.duplicates, balance.verdict) == (6, 3, 3, "balanced")


def test_a_batch_that_was_committed_and_not_acknowledged_counts_once(
    rt: Runtime, raw_bus: Redis, publisher: QuotePublisher, drain: Callable
) -> None:
    publisher.publish([*quotes(6), *quotes(2)])
    entries = deliver(raw_bus, "one", 8)
    maker = RowMaker(rt.market)
    now = rt.clock.now()
    TickWriter(rt.sessions, maker).store(Batch(entries, maker.rows(entries, now)), now)
    under_way = reconcile(rt)
    drain("one")

    after = reconcile(rt)

    for [balance] in (under_way.balances, after.balances):
        assert (balance.published, balance.stored, balance.duplicates, balance.verdict) == (8, 6, 2, "balanced")
    assert (under_way.at_rest, after.at_rest) == (False, True)


def test_entries_of_a_dead_ingestor_are_in_flight_until_another_has_stored_them(
    rt: Runtime, raw_bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(10))
    deliver(raw_bus, "dead", 6)
    before = reconcile(rt)
    drain("living", **QUICK)

    after = reconcile(rt)

    assert [(one.in_flight, one.verdict) for one in before.balances] == [(10, "in_flight")]
    assert [(one.stored, one.verdict) for one in after.balances] == [(10, "balanced")]
    assert losses(sessions) == []


def test_a_group_that_is_made_anew_counts_nothing_twice(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable
) -> None:
    publisher.publish([*quotes(6), *quotes(2)])
    drain()
    bus.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)
    publisher.publish(quotes(3, first_seq=7))
    drain()

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.duplicates, balance.verdict) == (11, 9, 2, "balanced")


def test_a_redriven_dead_letter_is_stored_and_no_longer_dead(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    ahead = rt.clock.now() + timedelta(minutes=30)
    day = rt.market.session_of(ahead)
    publisher.publish([*quotes(2), *quotes(1, first_seq=3, ts=ahead, recv_ts=ahead, session_date=day)])
    drain()
    before = reconcile(rt)
    with sessions() as session:
        [letter] = session.scalars(select(DeadLetter)).all()
    desk = DeadLetterDesk(rt, "a test")
    desk.correct(letter.id, {"ts": instant_text(MOMENT), "recv_ts": instant_text(MOMENT)})
    desk.redrive(letter.id)

    after = reconcile(rt)

    assert sum(one.dead for one in before.balances) == 1
    assert {one.verdict for one in [*before.balances, *after.balances]} == {"balanced"}
    assert sum(one.stored for one in after.balances) == 3


@pytest.mark.parametrize("wrong", [{"ts": "yesterday"}, {"source": "FOO"}])
def test_a_dead_letter_that_told_no_key_is_a_surplus_once_it_is_stored(
    rt: Runtime, add: Callable, drain: Callable, sessions: Sessions, wrong: dict[str, str]
) -> None:
    add(words(symbol="EZ", **wrong))
    drain()
    with sessions() as session:
        [letter] = session.scalars(select(DeadLetter)).all()
    desk = DeadLetterDesk(rt, "a test")
    desk.correct(letter.id, {"symbol": "ES", "source": "REPLAY", "ts": instant_text(MOMENT)})
    desk.redrive(letter.id)

    [balance] = reconcile(rt).balances

    assert (balance.symbol, balance.published, balance.stored, balance.verdict) == ("ES", 0, 1, "surplus")


def test_an_event_that_contradicts_a_stored_one_is_dead(
    rt: Runtime, publisher: QuotePublisher, drain: Callable
) -> None:
    publisher.publish([*quotes(3), *quotes(1, last=quotes(1)[0].ask + 1)])
    drain()

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.dead, balance.verdict) == (4, 3, 1, "balanced")


def test_an_event_that_vanished_is_unexplained_once_and_counted_as_lost(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    remove(sessions, 2)

    first, second = reconcile(rt), reconcile(rt)

    assert [(one.stored, one.lost, one.verdict) for one in first.balances] == [(3, 2, "unexplained")]
    assert [(one.lost, one.in_flight, one.verdict) for one in second.balances] == [(2, 0, "balanced")]
    assert losses(sessions) == [("unexplained", 2, "ES")]


def test_what_turns_up_again_is_no_longer_counted_as_lost(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    kept = take(sessions, 2)
    reconcile(rt)
    put_back(sessions, kept[:1])

    found = reconcile(rt)

    assert [(one.stored, one.lost, one.in_flight) for one in found.balances] == [(4, 1, 0)]
    assert losses(sessions) == [("unexplained", 1, "ES")]


def test_what_was_trimmed_before_it_was_read_is_lost_and_its_symbols_are_told(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(1))
    drain()
    publisher.publish([*quotes(6, first_seq=2), *quotes(4, first_seq=8, symbol="NQ")])
    bus.xtrim(keys.STREAM, maxlen=1, approximate=False)
    drain()

    found = reconcile(rt)

    assert {one.symbol: (one.stored, one.lost, one.verdict) for one in found.balances} == {
        "ES": (1, 6, "balanced"),
        "NQ": (1, 3, "balanced"),
    }
    assert sorted(losses(sessions), key=str) == [
        ("trimmed_unread", 3, "NQ"),
        ("trimmed_unread", 6, "ES"),
        ("trimmed_unread", 9, None),
    ]


def test_what_was_trimmed_after_it_was_read_is_lost(
    rt: Runtime, bus: Redis, raw_bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(4), *quotes(6, first_seq=5, symbol="NQ")])
    deliver(raw_bus, "one", 4)
    bus.xtrim(keys.STREAM, maxlen=3, approximate=False)
    drain("one", **QUICK)

    found = reconcile(rt)

    assert {one.symbol: (one.stored, one.lost, one.verdict) for one in found.balances} == {
        "ES": (0, 4, "balanced"),
        "NQ": (3, 3, "balanced"),
    }
    assert {kind: total(sessions, kind) for kind in ("trimmed_pending", "trimmed_unread", "unexplained")} == {
        "trimmed_pending": 4,
        "trimmed_unread": 3,
        "unexplained": 0,
    }


def test_what_a_collector_dropped_is_published_and_lost(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    [key] = bus.scan_iter(match=keys.published_pattern())
    bus.hincrby(key, "2025-10-09|ES", 4)
    told = {"kind": "collector_drop", "source": "REPLAY", "symbol": "ES", "session_date": DAY.isoformat()}
    bus.xadd(keys.LOSSES, {**told, "count": 4})

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.lost, balance.verdict) == (9, 5, 4, "balanced")
    assert losses(sessions) == [("collector_drop", 4, "ES")]


def test_evidence_that_is_found_late_explains_what_was_unexplained(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    remove(sessions, 2)
    reconcile(rt)
    bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 2, "group": keys.INGEST_GROUP})

    reconcile(rt)

    assert sorted(losses(sessions), key=str) == [("trimmed_unread", 2, "ES"), ("trimmed_unread", 2, None)]


def test_evidence_does_not_explain_what_was_lost_long_before_it(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(5), *quotes(5, first_seq=6, symbol="NQ")])
    drain()
    remove(sessions, 2)
    reconcile(rt)
    with sessions.begin() as session:
        session.execute(update(Loss).values(observed_at=func.now() - timedelta(hours=1)))
    bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 2, "group": keys.INGEST_GROUP})
    take(sessions, 2, above=5)

    reconcile(rt)

    assert losses(sessions) == [("unexplained", 2, "ES"), ("trimmed_unread", 2, None), ("trimmed_unread", 2, "NQ")]


def test_evidence_of_entries_that_nobody_misses_explains_no_later_loss(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 2, "group": keys.INGEST_GROUP})
    reconcile(rt)
    reconcile(rt)
    remove(sessions, 2)

    [balance] = reconcile(rt).balances

    assert balance.verdict == "unexplained"
    assert (total(sessions, "trimmed_unread"), total(sessions, "unexplained")) == (2, 2)


def test_what_a_flush_took_is_a_reset_of_the_stream(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish(quotes(5))
    drain()
    reconcile(rt)
    publisher.publish(quotes(3, first_seq=6))
    reconcile(rt)
    bus.flushdb()
    drain()

    found = reconcile(rt)

    assert [(one.published, one.stored, one.lost, one.verdict) for one in found.balances] == [(8, 5, 3, "balanced")]
    assert losses(sessions) == [("stream_reset", 3, "ES")]


def test_entries_that_no_publisher_of_thor_wrote_are_shown_as_a_surplus(
    rt: Runtime, publisher: QuotePublisher, add: Callable, drain: Callable
) -> None:
    publisher.publish(quotes(2))
    add(words(seq="77"))
    drain()

    [balance] = reconcile(rt).balances

    assert (balance.in_flight, balance.verdict) == (-1, "surplus")


def test_two_reconciles_at_once_count_a_loss_once(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(50), *quotes(50, first_seq=51, symbol="NQ")])
    drain()
    remove(sessions, 20)

    with ThreadPoolExecutor(4) as pool:
        found = [run.result() for run in [pool.submit(reconcile, rt) for _ in range(8)]]

    assert sum(len(one.unexplained) for one in found) >= 1
    assert sum(count for _kind, count, _symbol in losses(sessions)) == 20


def test_a_reconcile_that_cannot_be_alone_says_so(rt: Runtime, sessions: Sessions) -> None:
    with sessions() as other:
        lock_balances(other, 1)

        with pytest.raises(Conflict, match="another process reconciles"):
            reconcile(rt, alone_within_s=0.05)


def test_a_running_feed_is_never_called_unexplained(
    rt: Runtime, bus: Redis, publisher: QuotePublisher, running: Callable, sessions: Sessions
) -> None:
    verdicts = set()
    with running(batch_size=37), ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(lambda: [publisher.publish(quotes(13, first_seq=1 + 13 * n)) for n in range(300)])
        while not feeding.done():
            verdicts |= {one.verdict for one in reconcile(rt).balances}
        feeding.result()

    assert verdicts <= {"balanced", "in_flight"}
    assert losses(sessions) == []


def test_a_loss_is_found_while_the_feed_goes_on(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(quotes(10))
    drain()
    remove(sessions, 4)
    count_day = reconciling.count_day

    def count_and_publish(*arguments: object) -> object:
        publisher.publish(quotes(5, first_seq=100))
        return count_day(*arguments)

    monkeypatch.setattr(reconciling, "count_day", count_and_publish)

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.lost, balance.in_flight) == (15, 6, 4, 5)


def test_gaps_are_looked_for_again_when_nobody_lived_to_find_them(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"))
    first = seq_of(lease.token, 1)
    QuotePublisher(bus, lease).publish(quotes(5, first_seq=first, source="SIMULATED"))
    drain()
    take(sessions, 1, above=first)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(reconciling, "find_gaps", lambda *_arguments: sys.exit())
        reconcile(rt)

    reconcile(rt)

    with sessions() as session:
        assert session.scalars(select(Gap.missing).where(Gap.kind == "sequence")).all() == [1]


def test_a_loss_is_found_in_full_although_more_was_stored_meanwhile(
    rt: Runtime, feed: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(10)
    remove(sessions, 4)
    meanwhile(monkeypatch, lambda: feed(7))

    [balance] = reconcile(rt).balances

    assert (balance.published, balance.stored, balance.lost, balance.in_flight) == (17, 13, 4, 0)
    assert losses(sessions) == [("unexplained", 4, "ES")]


def test_a_reset_and_a_later_fault_are_told_apart_while_the_feed_goes_on(
    rt: Runtime, bus: Redis, feed: Callable, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: feed(3))
    feed(5)
    reconcile(rt)
    feed(2, stored=False)
    fold_published(rt)
    bus.delete(keys.STREAM, keys.GENERATION)
    drain()
    reconcile(rt)
    after_reset = losses(sessions)
    remove(sessions, 1)

    reconcile(rt)

    assert after_reset == [("stream_reset", 2, "ES")]
    assert losses(sessions) == [*after_reset, ("unexplained", 1, "ES")]


def test_a_day_that_was_balanced_is_looked_at_again_when_its_figures_change(
    rt: Runtime, publisher: QuotePublisher, drain: Callable
) -> None:
    publisher.publish(quotes(2))
    drain()
    reconcile(rt)
    earlier = MOMENT - timedelta(days=1)
    publisher.publish(quotes(2, first_seq=90, ts=earlier, recv_ts=earlier, session_date=DAY - timedelta(days=1)))
    drain()

    found = reconcile(rt)

    # The other day may be looked at as well: its mark can follow its rows some seconds later.
    assert DAY - timedelta(days=1) in {one.session_date for one in found.balances}


def test_a_day_is_looked_at_until_the_last_group_has_closed(
    rt: Runtime, publisher: QuotePublisher, drain: Callable
) -> None:
    es_close = datetime(2025, 9, 1, 17, tzinfo=UTC)
    clock = FixedClock(es_close + timedelta(minutes=5))
    stores = replace(rt, clock=clock, markets=Markets(clock=clock))
    publisher.publish(quotes(2, ts=es_close, recv_ts=es_close, session_date=LABOR_DAY, symbol="GC"))
    drain()

    early = [reconcile(stores).days for _ in range(2)]
    done_early = read_hash(rt.redis, keys.RECONCILED)
    clock.advance(timedelta(hours=4))
    late = reconcile(stores).days

    assert (early, late) == ([[LABOR_DAY], [LABOR_DAY]], [LABOR_DAY])
    assert (list(done_early), list(read_hash(rt.redis, keys.RECONCILED))) == ([], [LABOR_DAY.isoformat()])


@pytest.fixture
def feed(bus: Redis, drain: Callable) -> Callable[..., None]:
    """Publishes the next so many numbered quotes, and has them stored."""
    lease = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"), ttl_s=600)
    publisher, numbers = QuotePublisher(bus, lease), count(1)

    def publish(number: int, *, stored: bool = True) -> None:
        for _ in range(number):
            publisher.publish(quotes(1, first_seq=seq_of(lease.token, next(numbers)), source="SIMULATED"))
        if stored:
            drain()

    return publish


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> None:
    """Have work done each time that a reconcile has begun, and before it sees what is stored."""
    fold = reconciling.fold_losses

    def work_and_fold(stores: Runtime) -> int:
        work()
        return fold(stores)

    monkeypatch.setattr(reconciling, "fold_losses", work_and_fold)


def ledger(sessions: Sessions) -> list[object]:
    with sessions() as session:
        balances = session.execute(select(*Reconciliation.__table__.columns)).all()
        return [
            balances,
            session.execute(select(*Loss.__table__.columns)).all(),
            session.execute(select(*Gap.__table__.columns)).all(),
            session.scalar(select(func.count()).select_from(Gap)),
        ]


def deliver(raw_bus: Redis, consumer: str, count: int) -> list[Entry]:
    """What a consumer has read and not acknowledged when it dies."""
    reader = GroupReader(raw_bus, consumer)
    reader.join()
    reader.ask_new(count, 1)
    entries = reader.take_new()
    reader.leave()
    return entries


def total(sessions: Sessions, kind: str) -> int:
    """Events lost in a way, each counted once."""
    with sessions() as session:
        return sum_losses(session)[kind]
