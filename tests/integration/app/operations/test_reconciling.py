from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.errors import Conflict
from app.ledger.balance import lock_balances
from app.ledger.models import Gap, Loss, Reconciliation
from app.operations import reconciling
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from tests.factories import DAY, MOMENT, quotes, words

Sessions = sessionmaker[Session]


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

    assert {one.session_date for one in found.balances} == {DAY - timedelta(days=1)}


def test_a_number_that_was_given_and_never_stored_is_a_gap_until_it_turns_up(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(10, first_seq=first, source="SIMULATED"))
    drain()
    kept = take(sessions, 3, above=first + 3)

    reconcile(rt)
    found = gaps(sessions)
    put_back(sessions, kept)
    reconcile(rt)

    assert found == [(first + 4, first + 6, 3, "unexplained", "unrecoverable", {"ES": 3})]
    assert [gap[4] for gap in gaps(sessions)] == ["backfilled"]


def test_a_dead_letters_number_is_no_gap(
    rt: Runtime, bus: Redis, add: Callable, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(2, first_seq=first, source="SIMULATED"))
    add(words(source="SIMULATED", seq=str(first + 2), last="nonsense"))
    publisher.publish(quotes(2, first_seq=first + 3, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == []


def test_numbers_that_another_day_has_are_no_gap(rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions) -> None:
    publisher, first = live(bus)
    earlier = MOMENT - timedelta(days=1)
    before = {"ts": earlier, "recv_ts": earlier, "session_date": DAY - timedelta(days=1), "source": "SIMULATED"}
    publisher.publish(
        [
            *quotes(4, first_seq=first, **before),
            *quotes(2, first_seq=first + 4, source="SIMULATED"),
            *quotes(1, first_seq=first + 6, **before),
            *quotes(2, first_seq=first + 7, source="SIMULATED"),
        ]
    )
    drain()

    reconcile(rt)

    assert gaps(sessions) == []


def test_replayed_numbers_need_not_be_contiguous(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(2), *quotes(2, first_seq=900)])
    drain()

    reconcile(rt)

    assert gaps(sessions) == []


def live(bus: Redis) -> tuple[QuotePublisher, int]:
    """A publisher of the simulated source, and its first number."""
    lease = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"), ttl_s=600)
    return QuotePublisher(bus, lease), (lease.token << 32) + 1


def remove(sessions: Sessions, count: int) -> None:
    take(sessions, count)


def take(sessions: Sessions, count: int, above: int = 0) -> list[int]:
    """Move the first ticks above a number aside, as no part of Thor ever would."""
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS aside (LIKE ticks)"))
        taken = session.scalars(
            text("SELECT seq FROM ticks WHERE seq > :above ORDER BY seq LIMIT :count"), {"above": above, "count": count}
        ).all()
        session.execute(text("INSERT INTO aside SELECT * FROM ticks WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("DELETE FROM ticks WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    return list(taken)


def put_back(sessions: Sessions, taken: list[int]) -> None:
    with sessions.begin() as session:
        session.execute(text("INSERT INTO ticks SELECT * FROM aside WHERE seq = ANY(:taken)"), {"taken": taken})
        session.execute(text("SELECT pg_stat_force_next_flush()"))


def losses(sessions: Sessions) -> list[tuple[str, int, str | None]]:
    with sessions() as session:
        return [tuple(row) for row in session.execute(select(Loss.kind, Loss.count, Loss.symbol).order_by(Loss.id))]


def gaps(sessions: Sessions) -> list[tuple[object, ...]]:
    parts = (Gap.from_seq, Gap.to_seq, Gap.missing, Gap.cause, Gap.state, Gap.symbols)
    with sessions() as session:
        return [tuple(row) for row in session.execute(select(*parts).where(Gap.kind == "sequence").order_by(Gap.id))]


def ledger(sessions: Sessions) -> list[object]:
    with sessions() as session:
        balances = session.execute(select(*Reconciliation.__table__.columns)).all()
        return [
            balances,
            session.execute(select(*Loss.__table__.columns)).all(),
            session.execute(select(*Gap.__table__.columns)).all(),
            session.scalar(select(func.count()).select_from(Gap)),
        ]


@pytest.fixture(autouse=True)
def nothing_aside(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS aside"))
