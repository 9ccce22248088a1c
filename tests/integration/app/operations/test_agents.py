import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from pydantic import SecretStr
from redis import Redis

from app.bus import keys
from app.bus.connection import connect
from app.bus.leases import acquire
from app.bus.stream import stream_state
from app.clock import SystemClock
from app.collectors import crashes
from app.collectors.crashes import read_crashes
from app.errors import Conflict, NotFound
from app.factory import create_app
from app.operations import agent_places
from app.operations.agent_places import AgentPlace
from app.operations.agents import run_agent
from app.operations.collecting import CollectorPlan, collect_for_workers
from app.operations.collector_states import CollectorState, state_of
from app.operations.wishes import restart, unwant, want, want_simulation
from app.runtime import EXTENSION, Runtime
from app.settings import Settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.feeds import FeedDesk, feed_desk
from tests.private_servers import private_valkey
from tests.waiting import until

__all__ = ["feed_desk"]


class Running:
    """An agent in a thread; `lines` are what it said, `result` how many quotes it published or its error."""

    def __init__(self, rt: Runtime, plan: CollectorPlan) -> None:
        self.stop, self.lines, self.result = Event(), list[str](), list[object]()
        self._rt, self._plan = rt, plan
        self._thread = Thread(target=self._run)
        self._thread.start()

    def end(self) -> object:
        self.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.result[0]

    def has_said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def _run(self) -> None:
        try:
            self.result.append(run_agent(self._rt, "EXCEL", self._plan, self.stop, self.lines.append))
        except Exception as error:
            self.result.append(error)


@pytest.fixture
def plan(rt: Runtime) -> CollectorPlan:
    return rt.collector_plan


@pytest.fixture
def begin(rt: Runtime, plan: CollectorPlan, feed_desk: FeedDesk) -> Iterator[Callable[[], Running]]:
    """Starts an agent for EXCEL."""
    begun: list[Running] = []

    def start() -> Running:
        begun.append(Running(rt, plan))
        return begun[-1]

    yield start
    for agent in begun:
        agent.end()


@pytest.fixture
def state(rt: Runtime, bus: Redis) -> Callable[[], CollectorState]:
    return lambda: state_of(bus, "EXCEL", rt.clock.now(), [])


def test_it_makes_its_source_wanted_and_collects_it_until_it_ends(
    begin: Callable[[], Running], bus: Redis, state: Callable[[], CollectorState]
) -> None:
    agent = begin()
    until(lambda: state().state == "running" and state().count("published"))
    while_it_ran = state()

    published = agent.end()

    assert (while_it_ran.wanted, while_it_ran.by) == (True, "process")
    assert while_it_ran.holder and while_it_ran.holder.kind == "process"
    assert published == stream_state(bus).added
    assert (state().wanted, state().by, state().state, state().agent) == (False, "hours", "stopped", None)
    assert not bus.exists(keys.lease("EXCEL"), keys.agent("EXCEL"))


def test_what_was_stopped_by_hand_it_leaves_so_and_says_it(
    begin: Callable[[], Running], rt: Runtime, state: Callable[[], CollectorState]
) -> None:
    unwant(rt, "EXCEL")

    agent = begin()
    until(lambda: agent.has_said("EXCEL is idle: it was stopped by hand"))
    idle = state()
    want(rt, "EXCEL", "hand")
    until(lambda: state().state == "running")
    agent.end()

    assert (idle.state, idle.wanted) == ("idle", False)
    assert (state().wanted, state().by) == (True, "hand")


def test_it_stops_and_starts_as_it_is_told(
    begin: Callable[[], Running], rt: Runtime, state: Callable[[], CollectorState], feed_desk: FeedDesk
) -> None:
    agent = begin()
    until(lambda: state().state == "running")

    unwant(rt, "EXCEL")
    until(lambda: state().state == "idle")
    living = list(feed_desk.living)
    want(rt, "EXCEL", "hand")
    until(lambda: state().state == "running")

    assert (living, agent.result) == ([], [])


def test_a_restart_makes_the_feed_anew_in_the_same_process(
    begin: Callable[[], Running], rt: Runtime, feed_desk: FeedDesk
) -> None:
    agent = begin()
    until(lambda: feed_desk.living)

    restart(rt, "EXCEL")

    until(lambda: len(feed_desk.made) == 2)
    assert (len(feed_desk.living), agent.result) == (1, [])


def test_after_a_failure_of_the_feed_it_tries_again(
    begin: Callable[[], Running], bus: Redis, state: Callable[[], CollectorState], feed_desk: FeedDesk
) -> None:
    feed_desk.fails.set()
    agent = begin()
    until(lambda: read_crashes(bus, "EXCEL").count >= 1)

    feed_desk.fails.clear()

    until(lambda: state().state == "running")
    assert agent.result == []


def test_in_a_crash_loop_it_waits_and_says_why_until_somebody_starts_it(
    begin: Callable[[], Running], bus: Redis, state: Callable[[], CollectorState], feed_desk: FeedDesk
) -> None:
    feed_desk.fails.set()
    agent = begin()
    until(lambda: state().state == "crash loop", 60)
    until(lambda: agent.has_said("3 starts failed: ValueError: the feed broke"))
    tried = len(feed_desk.made)

    feed_desk.fails.clear()
    crashes.forgive(bus, "EXCEL")

    until(lambda: state().state == "running")
    assert len(feed_desk.made) == tried + 1


def test_a_second_one_is_refused_and_hears_who_is_there(
    begin: Callable[[], Running], rt: Runtime, bus: Redis, plan: CollectorPlan
) -> None:
    begin()
    until(lambda: bus.exists(keys.agent("EXCEL")))

    with pytest.raises(Conflict, match=r"another process is there for EXCEL: process \d+ on .+; stop it first"):
        run_agent(rt, "EXCEL", plan, Event(), print)

    assert bus.exists(keys.agent("EXCEL"))


def test_it_ends_when_another_process_has_taken_its_place(
    begin: Callable[[], Running], bus: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_places, "RENEW_EVERY_S", 0.05)
    agent = begin()
    until(lambda: bus.exists(keys.lease("EXCEL")))

    pipe = bus.pipeline()
    pipe.delete(keys.agent("EXCEL"))
    pipe.hset(keys.agent("EXCEL"), mapping={"host": "elsewhere", "pid": 7, "token": 10**10, "started": 0})
    pipe.execute()

    until(lambda: agent.result)
    assert "process 7 on elsewhere" in str(agent.result[0])
    assert bus.hget(keys.agent("EXCEL"), "host") == "elsewhere"


def test_it_shows_that_it_is_there_also_while_it_is_idle_and_after_a_flush(
    begin: Callable[[], Running],
    rt: Runtime,
    bus: Redis,
    state: Callable[[], CollectorState],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_places, "RENEW_EVERY_S", 0.05)
    unwant(rt, "EXCEL")
    begin()
    until(lambda: state().state == "idle")

    bus.flushdb()

    until(lambda: state().state == "running" and state().agent)
    assert 5 < bus.ttl(keys.agent("EXCEL")) <= 10


def test_while_its_loop_hangs_the_source_is_left_to_the_workers(
    begin: Callable[[], Running], bus: Redis, monkeypatch: pytest.MonkeyPatch, feed_desk: FeedDesk
) -> None:
    for name, seconds in (("RENEW_EVERY_S", 0.05), ("STUCK_S", 3.0), ("AGENT_TTL_S", 1.0)):
        monkeypatch.setattr(agent_places, name, seconds)
    begin()
    until(lambda: feed_desk.living)

    feed_desk.hangs.set()
    until(lambda: not bus.exists(keys.agent("EXCEL")))
    feed_desk.hangs.clear()

    until(lambda: bus.exists(keys.agent("EXCEL")))


def test_its_place_is_kept_for_as_long_as_its_loop_turns_and_no_longer(
    bus: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("RENEW_EVERY_S", 0.05), ("STUCK_S", 2.0), ("AGENT_TTL_S", 1.0)):
        monkeypatch.setattr(agent_places, name, seconds)
    place = AgentPlace(bus, "EXCEL", Event(), SystemClock())

    with place.held():
        token, ends_at = bus.hget(keys.agent("EXCEL"), "token"), time.monotonic() + 4
        while time.monotonic() < ends_at:
            place.turn()
            assert bus.hget(keys.agent("EXCEL"), "token") == token
        until(lambda: not bus.exists(keys.agent("EXCEL")))


def test_workers_leave_the_source_to_it(begin: Callable[[], Running], rt: Runtime, bus: Redis) -> None:
    stop, collected = Event(), list[int]()
    want(rt, "EXCEL", "hand")
    worker = Thread(target=lambda: collected.append(collect_for_workers(rt, "EXCEL", stop, rt.collector_plan)))
    worker.start()
    until(lambda: bus.exists(keys.lease("EXCEL")))
    first = bus.hget(keys.lease("EXCEL"), "token")

    begin()
    worker.join(20)

    until(lambda: bus.hget(keys.lease("EXCEL"), "token") not in (None, first))
    assert len(collected) == 1
    assert collect_for_workers(rt, "EXCEL", stop, rt.collector_plan) == 0


def test_it_never_collects_beside_simulated_quotes(rt: Runtime, plan: CollectorPlan, feed_desk: FeedDesk) -> None:
    want_simulation(rt, ["ES"], 1, 10.0)

    with pytest.raises(Conflict, match="simulated quotes are collected here, and EXCEL never mixes with them"):
        run_agent(rt, "EXCEL", plan, Event(), print)


def test_a_source_that_is_not_set_up_is_refused(rt: Runtime, plan: CollectorPlan) -> None:
    with pytest.raises(NotFound, match="'TELEX' cannot be collected here"):
        run_agent(rt, "TELEX", plan, Event(), print)


def test_it_waits_for_redis_and_outlives_an_outage_without_a_loss(
    settings: Settings, tmp_path: Path, feed_desk: FeedDesk
) -> None:
    with private_valkey(tmp_path / "valkey") as server, connect(server.url) as bus:
        server.stop()
        app = create_app(settings.model_copy(update={"redis_url": SecretStr(server.url)}), RecordingDispatch())
        there: Runtime = app.extensions[EXTENSION]
        agent = Running(there, there.collector_plan)
        server.start()
        until(lambda: stream_state(bus).added >= 10)
        server.stop()
        until(lambda: agent.has_said("EXCEL spooling, streaming: "))
        server.start()
        added = stream_state(bus).added
        until(lambda: stream_state(bus).added > added + 10)

        published = agent.end()

        stored = [int(fields["seq"]) for _id, fields in bus.xrange(keys.STREAM)]
        there.redis.close()
    assert stored == [seq for feed in feed_desk.made for seq in feed.given]
    assert published == len(stored)


def test_it_says_how_it_goes(begin: Callable[[], Running], state: Callable[[], CollectorState]) -> None:
    agent = begin()

    until(lambda: agent.has_said("EXCEL running, streaming: "))

    assert agent.has_said(" published, 0 spooled, last change ")


def test_a_place_that_a_dead_process_left_is_taken_at_once(
    begin: Callable[[], Running], bus: Redis, state: Callable[[], CollectorState]
) -> None:
    acquire(bus, keys.agent("EXCEL"), "epoch", ttl_s=60)
    bus.hset(keys.agent("EXCEL"), "started", "1.0")

    begin()

    until(lambda: state().state == "running")


@pytest.mark.parametrize(("shift", "words"), [(40, " s ahead of that of Redis"), (-40, " s behind that of Redis")])
def test_a_clock_that_differs_from_the_servers_is_warned_of_once_a_minute(
    bus: Redis, caplog: pytest.LogCaptureFixture, shift: int, words: str
) -> None:
    clock = FixedClock(datetime.now(UTC) + timedelta(seconds=shift))

    with AgentPlace(bus, "EXCEL", Event(), clock).held():
        until(lambda: words in caplog.text)

    assert caplog.text.count("this machine's clock") == 1


def test_a_clock_as_the_servers_is_not_warned_of(bus: Redis, caplog: pytest.LogCaptureFixture) -> None:
    with AgentPlace(bus, "EXCEL", Event(), SystemClock()).held():
        pass

    assert "clock" not in caplog.text
