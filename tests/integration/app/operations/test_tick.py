from datetime import timedelta

from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.dispatch import QUEUES
from app.operations.collecting import SIMULATED, unwant, want_simulation
from app.operations.migrating import days_ahead
from app.operations.tick import MakePartitions, Probe, StartCollector, StartIngest, TickPolicy, market_tick, plan_tick
from app.runtime import Runtime
from app.ticks.partitions import existing_partitions
from tests.fakes import RecordingDispatch

POLICY = TickPolicy(partitions_ahead_days=9, resume_window_s=900)


def test_a_tick_on_a_fresh_system_makes_partitions_and_starts_ingest(rt: Runtime, dispatch: RecordingDispatch) -> None:
    market_tick(rt, POLICY)

    with rt.sessions() as session:
        assert set(days_ahead(rt, 9)) <= existing_partitions(session)
    assert dispatch.sent == [("start_ingest",), *(("probe", queue) for queue in QUEUES)]


def test_nothing_is_started_that_already_runs(rt: Runtime, bus: Redis) -> None:
    market_tick(rt, POLICY)
    want_simulation(rt, ["ES"], 1, 10.0)
    for key in (keys.lease(SIMULATED), keys.ingest_lease(keys.WORKER_CONSUMER)):
        acquire(bus, key, f"{key}:epoch")

    steps = plan_tick(rt, POLICY)

    assert not [step for step in steps if isinstance(step, MakePartitions | StartCollector | StartIngest)]
    assert [step.queue for step in steps if isinstance(step, Probe)] == list(QUEUES)


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
    write_hash(bus, keys.desired(SIMULATED), {"wanted": "0"})

    market_tick(rt, POLICY)

    assert bus.xlen(keys.STREAM) < 300
