from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.ledger.balance import count_runs
from app.ledger.models import Gap
from app.operations import number_watching
from app.operations.day_figures import DayCount
from app.operations.gap_finding import find_gaps
from app.operations.reconciling import reconcile
from app.runtime import Runtime
from tests.balancing import nothing_aside, put_back, take
from tests.factories import DAY, MOMENT, quotes, words
from tests.fakes import FixedClock

__all__ = ["nothing_aside"]

Sessions = sessionmaker[Session]


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
    """A publisher of the simulated source, and its first number."""
    lease = acquire(bus, keys.lease("SIMULATED"), keys.epoch("SIMULATED"), ttl_s=600)
    return QuotePublisher(bus, lease), (lease.token << 32) + 1


def gaps(sessions: Sessions) -> list[tuple[object, ...]]:
    parts = (Gap.from_seq, Gap.to_seq, Gap.missing, Gap.cause, Gap.state, Gap.symbols)
    with sessions() as session:
        return [tuple(row) for row in session.execute(select(*parts).where(Gap.kind == "sequence").order_by(Gap.id))]
