from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from redis import Redis

from app.bus import keys
from app.bus.latest import read_latest
from app.bus.leases import acquire
from app.bus.stream import stream_state
from app.collectors.excel.plan import ExcelPlan
from app.errors import Conflict, NotFound
from app.operations.collecting import CollectorPlan, collect, collect_for_workers
from app.operations.wishes import SIMULATED, restart, unwant, want_in_session, want_simulation
from app.runtime import Runtime
from tests.sheets import HEADERS, ZB, row, save_workbook


@pytest.fixture
def limits(tmp_path):
    return CollectorPlan(tmp_path / "spool", 1 << 20, 100_000)


def test_the_simulated_feed_publishes_until_it_is_unwanted(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    want_simulation(rt, ["ES", "NQ"], 1, 500.0)
    stop = Event()
    feed = Thread(target=collect, args=(rt, SIMULATED, stop, limits))

    feed.start()
    _until(lambda: len(read_latest(bus, ["ES", "NQ"])) == 2)
    unwant(rt, SIMULATED)
    feed.join(timeout=10)

    assert not feed.is_alive()
    assert not bus.exists(keys.lease(SIMULATED))
    assert {fields["source"] for fields in read_latest(bus, ["ES", "NQ"]).values()} == {SIMULATED}


def test_a_flush_of_redis_does_not_end_it(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    want_simulation(rt, ["ES"], 1, 500.0)
    wish = bus.hgetall(keys.desired(SIMULATED))
    feed = Thread(target=collect, args=(rt, SIMULATED, Event(), limits))
    feed.start()
    _until(lambda: bool(read_latest(bus, ["ES"])))

    bus.flushdb()

    _until(lambda: bus.hgetall(keys.desired(SIMULATED)) == wish)
    _until(lambda: bool(read_latest(bus, ["ES"])))
    unwant(rt, SIMULATED)
    feed.join(timeout=10)
    assert not feed.is_alive()


def test_a_restart_begins_anew_without_a_pause(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    want_simulation(rt, ["ES"], 1, 500.0)
    feed = Thread(target=collect, args=(rt, SIMULATED, Event(), limits))
    feed.start()
    _until(lambda: stream_state(bus).added)
    first = bus.hget(keys.lease(SIMULATED), "token")

    restart(rt, SIMULATED)

    _until(lambda: bus.hget(keys.lease(SIMULATED), "token") not in (None, first))
    assert feed.is_alive()
    unwant(rt, SIMULATED)
    feed.join(timeout=10)
    assert not feed.is_alive()


def test_the_next_run_does_not_tell_the_old_values_of_a_sheet_as_new_ones(
    rt: Runtime, bus: Redis, limits: CollectorPlan, tmp_path: Path
) -> None:
    book = tmp_path / "desk.xlsx"
    plan = replace(limits, excel=ExcelPlan("excel_file", book, poll_s=0.01))
    want_in_session(rt, "EXCEL")

    told = []
    for last in (6879.5, 6879.5, 6880.0):
        save_workbook(book, HEADERS, row(last=last), ZB)
        stop = Event()
        bus.hdel(keys.health("EXCEL"), "feed_frames")
        run = Thread(target=collect, args=(rt, "EXCEL", stop, plan))
        run.start()
        _until(lambda: int(bus.hget(keys.health("EXCEL"), "feed_frames") or 0) > 1)
        stop.set()
        run.join(timeout=10)
        told.append([fields["symbol"] for _id, fields in bus.xrange(keys.STREAM)])

    assert told == [["ES", "ZB"], ["ES", "ZB"], ["ES", "ZB", "ES"]]


def test_what_nobody_wants_is_not_begun(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    assert collect(rt, SIMULATED, Event(), limits) == 0
    assert not bus.exists(keys.desired(SIMULATED))


def test_its_numbers_rise_over_a_restart(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    want_simulation(rt, ["ES"], 1, 500.0)

    for _ in range(2):
        before = stream_state(bus).added
        stop = Event()
        feed = Thread(target=collect, args=(rt, SIMULATED, stop, limits))
        feed.start()
        _until(lambda added=before: stream_state(bus).added > added)
        stop.set()
        feed.join(timeout=10)

    seqs = [int(fields["seq"]) for _id, fields in bus.xrange(keys.STREAM)]
    assert seqs == sorted(set(seqs))


def test_a_source_is_collected_once(rt: Runtime, bus: Redis, limits: CollectorPlan) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    acquire(bus, keys.lease(SIMULATED), keys.epoch(SIMULATED), ttl_s=60)

    with pytest.raises(Conflict, match="is held by"):
        collect(rt, SIMULATED, Event(), limits)


def test_a_worker_leaves_a_source_alone_that_another_process_collects(
    rt: Runtime, bus: Redis, limits: CollectorPlan
) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)
    acquire(bus, keys.lease(SIMULATED), keys.epoch(SIMULATED), ttl_s=60)

    assert collect_for_workers(rt, SIMULATED, Event(), limits) == 0


def test_an_unknown_source_is_refused(rt: Runtime, limits: CollectorPlan) -> None:
    with pytest.raises(NotFound, match="cannot be collected here: set up is SIMULATED"):
        collect(rt, "TELEX", Event(), limits)


def _until(reached: object) -> None:
    assert callable(reached)
    deadline = timedelta(seconds=10).total_seconds()
    pause = Event()
    while not reached():
        assert deadline > 0, "it did not happen in time"
        pause.wait(0.05)
        deadline -= 0.05
