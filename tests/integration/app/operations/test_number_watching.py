from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.drops import Drop
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.ledger.balance import count_runs
from app.ledger.models import Gap
from app.operations import number_watching
from app.operations.day_figures import DayCount
from app.operations.gap_finding import find_gaps
from app.operations.loss_folding import fold_published
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from tests.balancing import nothing_aside, put_back, take
from tests.factories import DAY, MOMENT, quotes, words
from tests.fakes import FixedClock

__all__ = ["nothing_aside"]

Sessions = sessionmaker[Session]
NQ = {"source": "SIMULATED", "symbol": "NQ"}


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


def test_the_last_numbers_of_a_token_are_missed_once_a_later_one_has_stored_some(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(10, first_seq=first, source="SIMULATED"))
    drain()
    publisher.publish(quotes(5, first_seq=first + 10, source="SIMULATED"))
    bus.xtrim(keys.STREAM, maxlen=0)
    later, first_of_later = live(bus)
    later.publish(quotes(3, first_seq=first_of_later, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == [(first + 10, first + 14, 5, "trimmed_unread", "unrecoverable", {"ES": 5})]


def test_the_last_numbers_are_missed_although_nothing_comes_after_them(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(10, first_seq=first, source="SIMULATED"))
    drain()
    publisher.publish(quotes(5, first_seq=first + 10, source="SIMULATED"))
    bus.xtrim(keys.STREAM, maxlen=0)
    drain()

    reconcile(rt)
    at_once = gaps(sessions)
    publisher.publish(quotes(2, first_seq=first + 15, source="SIMULATED"))
    drain()
    reconcile(rt)

    assert at_once == gaps(sessions) == [(first + 10, first + 14, 5, "trimmed_unread", "unrecoverable", {"ES": 5})]


def test_a_token_of_which_nothing_was_stored_is_missed_as_a_whole(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    drain()
    publisher.publish(quotes(5, first_seq=first, source="SIMULATED"))
    bus.xtrim(keys.STREAM, maxlen=0)
    drain()

    reconcile(rt)

    assert gaps(sessions) == [(first, first + 4, 5, "trimmed_unread", "unrecoverable", {"ES": 5})]


def test_the_last_numbers_of_a_day_are_that_days(rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions) -> None:
    publisher, first = live(bus)
    earlier, day_before = MOMENT - timedelta(days=1), DAY - timedelta(days=1)
    before = {"ts": earlier, "recv_ts": earlier, "session_date": day_before, "source": "SIMULATED"}
    publisher.publish(quotes(4, first_seq=first, **before))
    drain()
    publisher.publish(quotes(3, first_seq=first + 4, **before))
    bus.xtrim(keys.STREAM, maxlen=0)
    publisher.publish(quotes(2, first_seq=first + 7, source="SIMULATED"))
    drain()

    reconcile(rt)

    with sessions() as session:
        days = session.execute(select(Gap.session_date, Gap.from_seq, Gap.missing).where(Gap.kind == "sequence")).all()
    assert days == [(day_before, first + 4, 3)]


def test_what_a_flush_took_is_missed_although_redis_forgot_its_numbers(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(5, first_seq=first, source="SIMULATED"))
    drain()
    reconcile(rt)
    publisher.publish(quotes(3, first_seq=first + 5, source="SIMULATED"))
    fold_published(rt)
    bus.flushdb()
    drain()

    reconcile(rt)

    assert gaps(sessions) == [(first + 5, first + 7, 3, "stream_reset", "unrecoverable", {"ES": 3})]


def test_last_numbers_that_were_not_known_at_the_beginning_may_still_come(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(5, first_seq=first, source="SIMULATED"))
    drain()
    publisher.publish(quotes(3, first_seq=first + 5, source="SIMULATED"))
    fold_published(rt)
    with sessions() as session:
        counted = DayCount(DAY, {}, count_runs(session, DAY))

    find_gaps(rt, [counted], datetime.now(UTC) - timedelta(minutes=1))
    early = gaps(sessions)
    find_gaps(rt, [counted], datetime.now(UTC) + timedelta(minutes=1))
    publisher.publish(quotes(1, first_seq=first + 8, source="SIMULATED"))
    fold_published(rt)
    find_gaps(rt, [counted], datetime.now(UTC) - timedelta(minutes=1))

    assert (early, [gap[:5] for gap in gaps(sessions)]) == ([], [(first + 5, first + 7, 3, "unknown", "open")])


def test_numbers_right_before_a_dead_letter_are_missed(
    rt: Runtime, bus: Redis, add: Callable, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(2, first_seq=first, source="SIMULATED"))
    add(words(source="SIMULATED", seq=str(first + 4), last="nonsense"))
    publisher.publish(quotes(2, first_seq=first + 5, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert [gap[:3] for gap in gaps(sessions)] == [(first + 2, first + 3, 2)]


def test_dropped_numbers_are_not_taken_for_those_that_nothing_explains(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    publisher.publish(quotes(3, first_seq=first + 23, source="SIMULATED"))
    publisher.announce(drop(first + 26))
    publisher.publish(quotes(3, first_seq=first + 27, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == [
        (first + 3, first + 22, 20, "unknown", "open", {}),
        (first + 26, first + 26, 1, "collector_drop", "unrecoverable", {"ES": 1}),
    ]


def test_what_a_collector_dropped_last_is_missed_too(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    later, first_of_later = live(bus)
    later.announce(drop(first + 3))
    later.publish(quotes(3, first_seq=first_of_later, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == [(first + 3, first + 3, 1, "collector_drop", "unrecoverable", {"ES": 1})]


def test_trimmed_entries_are_told_apart_from_numbers_that_nothing_explains(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    publisher.publish(quotes(3, first_seq=first + 23, source="SIMULATED"))
    drain()
    publisher.publish(
        [*quotes(4, first_seq=first + 26, source="SIMULATED"), *quotes(2, first_seq=first + 30, **NQ)],
    )
    bus.xtrim(keys.STREAM, maxlen=0)
    publisher.publish(quotes(3, first_seq=first + 32, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == [
        (first + 3, first + 22, 20, "unknown", "open", {}),
        (first + 26, first + 31, 6, "trimmed_unread", "unrecoverable", {"ES": 4, "NQ": 2}),
    ]


def test_entries_that_were_trimmed_after_they_were_read_explain_their_gap(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    drain()
    publisher.publish(quotes(4, first_seq=first + 3, source="SIMULATED"))
    bus.xreadgroup(keys.INGEST_GROUP, "gone", {keys.STREAM: ">"})
    bus.xtrim(keys.STREAM, maxlen=0)
    drain(lost_after_ms=50, recover_every_s=0.05)

    reconcile(rt)

    assert gaps(sessions) == [(first + 3, first + 6, 4, "trimmed_pending", "unrecoverable", {"ES": 4})]


def test_replayed_numbers_need_not_be_contiguous(
    rt: Runtime, publisher: QuotePublisher, drain: Callable, sessions: Sessions
) -> None:
    publisher.publish([*quotes(2), *quotes(2, first_seq=900)])
    drain()

    reconcile(rt)

    assert gaps(sessions) == []


def test_the_first_numbers_of_a_collector_are_missed_too(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(5, first_seq=first + 3, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert [gap[:3] for gap in gaps(sessions)] == [(first, first + 2, 3)]


def test_a_gap_that_reaches_over_the_roll_is_found(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    earlier = MOMENT - timedelta(days=1)
    before = {"ts": earlier, "recv_ts": earlier, "session_date": DAY - timedelta(days=1), "source": "SIMULATED"}
    publisher.publish([*quotes(4, first_seq=first, **before), *quotes(4, first_seq=first + 9, source="SIMULATED")])
    drain()
    reconcile(rt)
    publisher.publish(quotes(1, first_seq=first + 13, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert [gap[:3] for gap in gaps(sessions)] == [(first + 4, first + 8, 5)]


def test_a_gap_of_which_a_part_turned_up_lacks_the_rest(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(10, first_seq=first, source="SIMULATED"))
    drain()
    kept = take(sessions, 4, above=first + 2)
    reconcile(rt)
    put_back(sessions, kept[1:3])

    reconcile(rt)

    assert [gap[:3] + gap[4:5] for gap in gaps(sessions)] == [(first + 3, first + 6, 2, "unrecoverable")]


def test_a_gap_that_nothing_counts_as_lost_stays_open(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    publisher.publish(quotes(3, first_seq=first + 5, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert gaps(sessions) == [(first + 3, first + 4, 2, "unknown", "open", {})]


def test_what_other_ingestors_may_still_store_is_no_gap(
    rt: Runtime, bus: Redis, raw_bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(2, first_seq=first, source="SIMULATED"))
    drain()
    publisher.publish(quotes(4, first_seq=first + 2, source="SIMULATED"))
    bus.xreadgroup(keys.INGEST_GROUP, "slow", {keys.STREAM: ">"}, count=2)
    drain("quick")

    reconcile(rt)

    assert gaps(sessions) == []


def test_numbers_below_one_that_was_stored_since_the_beginning_may_still_come(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions
) -> None:
    publisher, first = live(bus)
    publisher.publish(
        [*quotes(2, first_seq=first, source="SIMULATED"), *quotes(2, first_seq=first + 4, source="SIMULATED")]
    )
    drain()
    with sessions() as session:
        counted = DayCount(DAY, {}, count_runs(session, DAY))

    find_gaps(rt, [counted], datetime.now(UTC) - timedelta(minutes=1))
    early = gaps(sessions)
    find_gaps(rt, [counted], datetime.now(UTC) + timedelta(minutes=1))

    assert (early, [gap[:3] for gap in gaps(sessions)]) == ([], [(first + 2, first + 3, 2)])


def test_very_many_gaps_become_few_that_lack_as_much(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_watching, "GAPS_PER_DAY", 3)
    publisher, first = live(bus)
    publisher.publish([one for n in range(20) for one in quotes(1, first_seq=first + n * n, source="SIMULATED")])
    drain()

    reconcile(rt)

    found = gaps(sessions)
    assert len(found) <= 3
    assert sum(int(str(gap[2])) for gap in found) == 19 * 19 + 1 - 20


def test_a_day_has_few_gaps_also_when_they_are_found_a_few_at_a_time(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_watching, "GAPS_PER_DAY", 3)
    publisher, first = live(bus)
    missed = {n * (n + 1) // 2 for n in range(1, 13)}  # Ever farther from each other.
    for begin in (0, 22, 44, 66):
        some = sorted(set(range(begin, begin + 22)) - missed)
        publisher.publish([one for n in some for one in quotes(1, first_seq=first + n, source="SIMULATED")])
        drain()
        reconcile(rt)

    found = gaps(sessions)

    assert len(found) <= 3 + 3  # One more each time, of what was found since.
    assert sum(int(str(gap[2])) for gap in found) == len(missed)


def test_what_lies_between_joined_gaps_and_is_known_is_counted_once(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(30, first_seq=first, source="SIMULATED"))
    drain()
    take(sessions, 2, above=first + 14)
    reconcile(rt)
    monkeypatch.setattr(number_watching, "GAPS_PER_DAY", 1)
    take(sessions, 1, above=first + 9)
    take(sessions, 1, above=first + 19)
    reconcile(rt)
    take(sessions, 1, above=first + 24)

    reconcile(rt)

    assert sum(int(str(gap[2])) for gap in gaps(sessions)) == 5
    assert {gap[4] for gap in gaps(sessions)} == {"unrecoverable"}


def test_known_gaps_of_the_running_day_cost_no_search(
    rt: Runtime, bus: Redis, drain: Callable, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, first = live(bus)
    publisher.publish(quotes(3, first_seq=first, source="SIMULATED"))
    publisher.publish(quotes(3, first_seq=first + 5, source="SIMULATED"))
    drain()
    reconcile(rt)
    monkeypatch.setattr(number_watching, "stored_stretches", None)
    publisher.publish(quotes(3, first_seq=first + 8, source="SIMULATED"))
    drain()

    reconcile(rt)

    assert [gap[:3] for gap in gaps(sessions)] == [(first + 3, first + 4, 2)]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MOMENT)


def live(bus: Redis) -> tuple[QuotePublisher, int]:
    """A publisher of the simulated source, which takes it from the one before, and its first number."""
    bus.delete(keys.lease("SIMULATED"))
    lease = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"), ttl_s=600)
    return QuotePublisher(bus, lease), (lease.token << 32) + 1


def drop(number: int) -> Drop:
    """One dropped quote."""
    return Drop(str(number), "SIMULATED", "ES", DAY.isoformat(), 1, first_seq=number, last_seq=number)


def gaps(sessions: Sessions) -> list[tuple[object, ...]]:
    parts = (Gap.from_seq, Gap.to_seq, Gap.missing, Gap.cause, Gap.state, Gap.symbols)
    with sessions() as session:
        return [tuple(row) for row in session.execute(select(*parts).where(Gap.kind == "sequence").order_by(Gap.id))]
