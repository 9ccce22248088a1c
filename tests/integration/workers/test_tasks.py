from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.alerts.delivery_plan import PLAN, DeliveryPlan
from app.alerts.models import AlertDelivery
from app.alerts.store import raise_alert
from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.dispatch import QUEUES
from app.errors import NotFound
from app.ingest.run import Ingestor, IngestPlan
from app.lake.layout import Lake
from app.ledger.balance import lock_balances, read_balances
from app.local.pulse import pulse_file
from app.operations.wishes import SIMULATED, unwant, want_simulation
from app.runtime import Runtime
from app.settings import load_settings
from tests.alerting import silent
from tests.bucket_lakes import fill_lake
from tests.factories import DAY, quotes
from tests.fakes import RecordingDispatch
from tests.object_store import ObjectStore
from tests.ticks import store_quotes
from tests.waiting import until
from workers.dispatch import CeleryDispatch


@pytest.fixture(autouse=True)
def worker_runtime(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The workers' own runtime would be that of the machine's settings.
    import workers.analysis
    import workers.celery_app
    import workers.collectors
    import workers.control
    import workers.export
    import workers.ingest

    modules = (workers.celery_app, workers.collectors, workers.control, workers.export, workers.ingest)
    for module in modules:
        monkeypatch.setattr(module, "runtime", lambda: rt)
    workers.celery_app.stopping.clear()
    yield
    workers.celery_app.stopping.set()


def test_the_ingest_task_stores_the_stream_until_the_worker_stops(rt: Runtime, bus: Redis) -> None:
    from workers.celery_app import stopping
    from workers.ingest import run_ingest

    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(20))
    loop = Thread(target=run_ingest, args=(1,))

    loop.start()
    _until(lambda: _stored(rt) == 20)
    stopping.set()
    loop.join(timeout=10)

    assert not loop.is_alive()
    assert not bus.exists(keys.ingest_lease(keys.worker_consumer(1)))


def test_ingest_tasks_of_several_slots_run_side_by_side(rt: Runtime, bus: Redis) -> None:
    from workers.celery_app import stopping
    from workers.ingest import run_ingest

    names = [keys.worker_consumer(slot) for slot in (1, 2, 3)]
    loops = [Thread(target=run_ingest, args=(slot,)) for slot in (1, 2, 3)]

    for loop in loops:
        loop.start()
    _until(lambda: all(bus.exists(keys.ingest_health(name)) for name in names))
    QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))).publish(quotes(20))
    _until(lambda: _stored(rt) == 20)
    stopping.set()
    for loop in loops:
        loop.join(timeout=10)

    assert not any(loop.is_alive() for loop in loops)
    assert names == ["worker", "worker-2", "worker-3"]


def test_a_second_ingest_task_ends_at_once(bus: Redis) -> None:
    from workers.ingest import run_ingest

    holder = f"{keys.ingest_lease(keys.worker_consumer(1))}"
    token = acquire(bus, holder, f"{holder}:epoch", ttl_s=60).token

    assert run_ingest(1) is None
    assert bus.hget(holder, "token") == str(token)


def test_the_collector_task_collects_what_is_wanted(rt: Runtime, bus: Redis) -> None:
    from workers.collectors import run_collector

    want_simulation(rt, ["ES"], 1, 100.0)
    loop = Thread(target=run_collector, args=(SIMULATED,))

    loop.start()
    _until(lambda: bool(bus.exists(keys.latest("ES"))))
    unwant(rt, SIMULATED)
    loop.join(timeout=10)

    assert not loop.is_alive()


def test_the_control_task_does_a_tick(dispatch: RecordingDispatch) -> None:
    from workers.control import market_tick

    market_tick()

    assert ("start_ingest", 1) in dispatch.sent


def test_the_control_task_makes_room_in_a_stream_that_nears_the_cap_of_the_settings(
    rt: Runtime, bus: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers import control

    narrow = rt.settings.model_copy(update={"stream_cap": 1_000})
    monkeypatch.setattr(control, "runtime", lambda: replace(rt, settings=narrow, connect_redis=lambda **_options: bus))
    QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))).publish(quotes(900))
    Ingestor(rt.raw_redis, bus, rt.sessions, rt.market, rt.clock, IngestPlan("one")).run(Event(), until_drained=True)

    control.market_tick()

    assert bus.xlen(keys.STREAM) < 100


def test_the_reconcile_task_balances_what_is_stored(rt: Runtime, bus: Redis) -> None:
    from workers.control import reconcile

    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(3))
    Ingestor(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, IngestPlan("test")).run(
        Event(), until_drained=True
    )

    reconcile()

    with rt.sessions() as session:
        assert [balance.stored for balance in read_balances(session).values()] == [3]


def test_the_reconcile_task_leaves_it_to_another_that_is_at_it(rt: Runtime) -> None:
    from workers.control import reconcile

    with rt.sessions() as other:
        lock_balances(other, 1)

        assert reconcile() is None


def test_the_export_task_refuses_a_day_without_a_session() -> None:
    from workers.export import export_session

    with pytest.raises(NotFound, match="no session on 2025-12-25"):
        export_session("CME_Futures", "2025-12-25")


def test_the_export_task_writes_what_is_stored(rt: Runtime, bus: Redis) -> None:

    from workers.export import export_session

    lease = acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))
    QuotePublisher(bus, lease).publish(quotes(30))
    ingestor = Ingestor(rt.raw_redis, rt.redis, rt.sessions, rt.market, rt.clock, IngestPlan("test"))
    ingestor.run(Event(), until_drained=True)

    export_session("CME_Futures", DAY.isoformat())

    assert rt.lake.ticks_file(date(2025, 10, 9), "ES").exists()
    assert rt.lake.bars_file(date(2025, 10, 9), "ES", "1m").exists()


def test_the_task_before_the_open_refuses_a_stage_that_was_never_planned() -> None:
    from workers.export import prepare_stage

    with pytest.raises(NotFound, match="comprehensive of CME_Futures on 2025-10-09 was never planned"):
        prepare_stage("CME_Futures", "2025-10-09", "comprehensive")


def test_the_retention_task_drops_what_is_past_and_exported(rt: Runtime, bus: Redis) -> None:
    from app.ticks.partitions import existing_partitions
    from workers.export import apply_retention

    store_quotes(rt.sessions, quotes(3))

    apply_retention("CME_Futures")

    with rt.sessions() as session:
        assert DAY not in existing_partitions(session)
    assert rt.lake.ticks_file(DAY, "ES").exists()


def test_the_delivery_task_sends_what_is_due_through_the_channels_that_are_set_up(rt: Runtime) -> None:
    from workers.control import deliver_alerts

    rt.sessions.configure(info={PLAN: DeliveryPlan(("mail",))})
    with rt.sessions.begin() as session:
        raise_alert(session, silent(), rt.clock.now())

    deliver_alerts()

    # None is set up here, so the message is dropped.
    with rt.sessions() as session:
        [row] = session.scalars(select(AlertDelivery))
    assert (row.channel, row.dropped) == ("mail", "the channel is not set up any more")


@pytest.mark.parametrize("queue", QUEUES)
def test_every_probe_shows_the_life_of_its_queue(queue: str, bus: Redis) -> None:
    module = __import__(f"workers.{queue}", fromlist=["probe"])

    module.probe()

    assert int(bus.get(keys.pulse(queue))) > 0


def _stored(rt: Runtime) -> int:
    from app.ticks.store import count_by_day

    with rt.sessions() as session:
        return sum(count_by_day(session).values())


def _until(reached: object) -> None:

    assert callable(reached)
    pause = Event()
    for _ in range(200):
        if reached():
            return
        pause.wait(0.05)
    raise AssertionError("it did not happen in time")


def test_a_worker_that_is_ready_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from workers import celery_app

    monkeypatch.setattr(celery_app, "settings", celery_app.settings.model_copy(update={"state_dir": tmp_path}))
    queues = [SimpleNamespace(name=name) for name in ("collectors", "ingest")]

    celery_app.show_pulse(SimpleNamespace(task_consumer=SimpleNamespace(queues=queues)))

    until(lambda: all(pulse_file(tmp_path, queue.name).exists() for queue in queues))


def test_the_push_task_brings_the_lake_to_the_bucket_of_the_settings(
    rt: Runtime, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import workers.export

    fill_lake(rt.sessions, rt.lake)
    told = {name.lower(): value for name, value in store.environment.items()}
    named = rt.settings.model_copy(update=load_settings(_env_file=None, **told).model_dump(include=set(told)))
    monkeypatch.setattr(workers.export, "runtime", lambda: replace(rt, settings=named))

    workers.export.push_lake()

    assert [name for name in store.names() if name.startswith("manifest/")] == [
        "manifest/date=2025-10-09.json",
        "manifest/date=2025-10-10.json",
    ]


def test_a_worker_that_is_asked_to_brings_the_lake_to_the_bucket(
    sessions: sessionmaker[Session],
    store: ObjectStore,
    start_worker: Callable[..., object],
    celery: Celery,
    tmp_path: Path,
) -> None:
    fill_lake(sessions, Lake(tmp_path / "var/data"))
    start_worker("export", **store.environment)

    CeleryDispatch(lambda: celery).push_lake()

    until(lambda: "manifest/date=2025-10-10.json" in store.names())
