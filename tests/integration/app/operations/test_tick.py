import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import select

from app.alerts.delivery_plan import PLAN, DeliveryPlan
from app.alerts.models import Alert
from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.dispatch import QUEUES
from app.errors import Unavailable
from app.ledger.models import DeadLetter, Loss, PublishedCount, StreamPosition
from app.operations import reconciling, tick
from app.operations.migrating import days_ahead
from app.operations.reconciling import RECONCILE, reconcile
from app.operations.tick import market_tick, plan_tick
from app.operations.tick_steps import (
    CheckData,
    FoldCounts,
    MakePartitions,
    NoticeRolls,
    Probe,
    Reconcile,
    StartCollector,
    StartIngest,
    Step,
    SweepAlerts,
    TickPolicy,
    TrimStream,
)
from app.operations.wishes import SIMULATED, unwant, want_simulation
from app.runtime import Runtime
from app.ticks.partitions import existing_partitions
from tests.factories import MOMENT, quotes
from tests.fakes import FixedClock, RecordingDispatch

POLICY = TickPolicy(partitions_ahead_days=9, resume_window_s=900)
CLOSE = datetime(2025, 10, 9, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is under way stays so in these tests: nobody stores it.
    monkeypatch.setattr(reconciling, "LOOK_EVERY_S", 0.0)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MOMENT)


def test_a_tick_on_a_fresh_system_makes_partitions_and_starts_ingest(rt: Runtime, dispatch: RecordingDispatch) -> None:
    market_tick(rt, POLICY)

    with rt.sessions() as session:
        assert set(days_ahead(rt, 9)) <= existing_partitions(session)
    assert dispatch.sent[0] == ("start_ingest", 1)
    assert [sent for sent in dispatch.sent if sent[0] == "probe"] == [("probe", queue) for queue in QUEUES]


def test_nothing_is_started_that_already_runs(rt: Runtime, bus: Redis) -> None:
    market_tick(rt, POLICY)
    want_simulation(rt, ["ES"], 1, 10.0)
    for key in (keys.lease(SIMULATED), keys.ingest_lease(keys.worker_consumer(1))):
        acquire(bus, key, f"{key}:epoch")

    steps = plan_tick(rt, POLICY)

    assert not [step for step in steps if isinstance(step, MakePartitions | StartCollector | StartIngest)]
    assert [step.queue for step in steps if isinstance(step, Probe)] == list(QUEUES)


def test_every_slot_without_an_ingestor_gets_one(rt: Runtime, bus: Redis) -> None:
    key = keys.ingest_lease(keys.worker_consumer(2))
    acquire(bus, key, f"{key}:epoch")

    steps = plan_tick(rt, TickPolicy(9, 900, ingestors=3))

    assert [step.slot for step in steps if isinstance(step, StartIngest)] == [1, 3]


def test_a_wanted_collector_without_a_holder_is_started_until_it_is_unwanted(rt: Runtime) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)

    wanted = plan_tick(rt, POLICY)
    unwant(rt, SIMULATED)
    unwanted = plan_tick(rt, POLICY)

    assert StartCollector(SIMULATED) in wanted
    assert StartCollector(SIMULATED) not in unwanted


def test_the_days_ahead_are_sessions_from_the_present_trading_day_on(rt: Runtime) -> None:
    today = rt.market.session_of(rt.clock.now())

    days = days_ahead(rt, 7)

    assert days[0] == today
    assert all(rt.market.session(day) for day in days)
    assert days[-1] < today + timedelta(days=7)


def test_a_tick_trims_what_is_stored_and_too_old_to_resume_from(rt: Runtime, bus: Redis) -> None:
    for number in range(1, 301):
        bus.xadd(keys.STREAM, {"symbol": "ES"}, id=f"{number}-0")
    bus.xgroup_create(keys.STREAM, keys.INGEST_GROUP, id="300-0")
    bus.set(keys.GENERATION, "first")
    write_hash(bus, keys.desired(SIMULATED), {"wanted": "0"})

    market_tick(rt, POLICY)

    assert bus.xlen(keys.STREAM) < 300
    with rt.sessions() as session:
        position = session.get_one(StreamPosition, keys.INGEST_GROUP)
    assert (position.generation, position.acknowledged_id) == ("first", "300-0")


def test_a_tick_copies_counts_and_losses_where_no_flush_can_take_them(rt: Runtime, bus: Redis) -> None:
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(5))
    bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 3, "group": keys.INGEST_GROUP})

    market_tick(rt, POLICY)

    with rt.sessions() as session:
        assert session.scalars(select(PublishedCount.count)).all() == [5]
        assert session.scalars(select(Loss.count)).all() == [3]


def test_balances_are_asked_for_every_five_minutes_of_a_session(rt: Runtime, clock: FixedClock) -> None:
    asked = [balances_at(rt, clock, MOMENT + timedelta(minutes=minute)) for minute in (0, 1, 4.9, 5, 9, 10)]

    assert asked == [True, False, False, True, False, True]


def test_balances_are_asked_for_once_after_the_close(rt: Runtime, clock: FixedClock) -> None:
    balances_at(rt, clock, CLOSE - timedelta(minutes=2))

    asked = [balances_at(rt, clock, CLOSE + timedelta(minutes=minute)) for minute in (0, 1.9, 2, 3, 50)]

    assert asked == [False, False, True, False, False]


def test_a_session_that_ended_while_nobody_ticked_is_balanced_later(rt: Runtime, clock: FixedClock) -> None:
    balances_at(rt, clock, CLOSE - timedelta(hours=3))

    assert balances_at(rt, clock, CLOSE + timedelta(minutes=30))


def test_what_is_in_flight_after_the_close_is_balanced_again(rt: Runtime, clock: FixedClock, bus: Redis) -> None:
    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(5))

    asked = [balances_at(rt, clock, CLOSE + timedelta(minutes=minute)) for minute in (2, 3, 7, 8, 12)]

    assert asked == [True, False, True, False, True]


def test_a_balance_that_was_asked_for_in_vain_is_asked_for_again_and_not_at_every_tick(rt: Runtime, bus: Redis) -> None:
    first, second = plan(rt), plan(rt)
    bus.delete(keys.asked(RECONCILE))

    assert (first, second, plan(rt)) == (True, False, True)
    assert 0 < bus.ttl(keys.asked(RECONCILE)) <= 60


def test_the_retention_is_asked_for_after_the_close_and_not_at_every_tick(
    rt: Runtime, dispatch: RecordingDispatch
) -> None:
    market_tick(rt, POLICY)
    market_tick(rt, POLICY)

    assert dispatch.sent.count(("apply_retention", "CME_Futures")) == 1


def test_a_step_that_fails_does_not_keep_the_others_from_being_done(
    rt: Runtime, bus: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_slot: int) -> None:
        raise Unavailable("the task queue is away")

    monkeypatch.setattr(rt.dispatch, "start_ingest", refuse)
    bus.xadd(keys.LOSSES, {"kind": "trimmed_unread", "count": 3, "group": keys.INGEST_GROUP})

    with caplog.at_level(logging.ERROR):
        market_tick(rt, POLICY)

    assert not bus.exists(keys.LOSSES) or bus.xlen(keys.LOSSES) == 0
    assert "the tick failed at StartIngest(slot=1): the task queue is away" in caplog.text


def test_what_cannot_be_found_out_does_not_keep_the_rest_from_being_planned(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def _broken_planner(_stores: object, _policy: object) -> Iterator[Step]:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(tick, "_PLANNERS", (_broken_planner, tick._constant_work))

    steps = plan_tick(rt, POLICY)

    assert TrimStream() in steps
    assert FoldCounts() in steps
    assert "cannot find out broken planner: a fault" in caplog.text


def test_alerts_are_looked_for_every_fifteen_seconds(rt: Runtime, clock: FixedClock) -> None:
    swept = []
    for after_s in (0, 14.9, 0.2, 15, -3600):
        clock.advance(timedelta(seconds=after_s))
        swept.append(SweepAlerts() in market_tick(rt, POLICY))

    assert swept == [True, False, True, True, True]


def test_a_clock_that_was_put_back_silences_no_look_until_it_has_caught_up(rt: Runtime, clock: FixedClock) -> None:
    looks = {CheckData(), NoticeRolls(), SweepAlerts(), Reconcile()}
    assert looks <= set(market_tick(rt, POLICY))
    reconcile(rt)
    rt.redis.delete(keys.asked(RECONCILE))
    assert looks & set(market_tick(rt, POLICY)) == set()

    clock.advance(timedelta(hours=-1))

    assert looks <= set(market_tick(rt, POLICY))


def test_what_a_tick_finds_wrong_is_an_alert_and_its_message_is_sent_for(
    rt: Runtime, dispatch: RecordingDispatch
) -> None:
    rt.sessions.configure(info={PLAN: DeliveryPlan(["mail"])})
    with rt.sessions.begin() as session:
        session.add(DeadLetter(stream_id="1-1", reason="bad", fields={}, first_seen=MOMENT))

    market_tick(rt, POLICY)

    with rt.sessions() as session:
        assert "dead_letters" in session.scalars(select(Alert.rule)).all()
    assert dispatch.sent.count(("deliver_alerts",)) == 1


def test_without_a_message_nobody_is_sent_for(rt: Runtime, dispatch: RecordingDispatch) -> None:
    market_tick(rt, POLICY)

    assert ("deliver_alerts",) not in dispatch.sent


def balances_at(rt: Runtime, clock: FixedClock, at: datetime) -> bool:
    """Whether a balance is asked for at an instant, which then is made."""
    clock.advance(at - clock.now())
    if is_asked := plan(rt):
        reconcile(rt)
        rt.redis.delete(keys.asked(RECONCILE))
    return is_asked


def plan(rt: Runtime) -> bool:
    return Reconcile() in market_tick(rt, POLICY)
