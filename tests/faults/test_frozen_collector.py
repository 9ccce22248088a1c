"""A collector that stands still until its lease has expired, is replaced, and wakes up again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from app.bus import keys
from app.bus.leases import LEASE_TTL_S
from app.bus.stream import stream_state
from app.collectors.crashes import VANISHED, read_crashes
from app.operations.wishes import SIMULATED, want_simulation
from app.quotes import epoch_of
from app.runtime import Runtime
from tests.servers import ROOT
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)
START_S = 60.0
LEASE = keys.lease(SIMULATED)


@pytest.fixture
def begin(redis_url: str, tmp_path: Path) -> "Iterator[Callable[[str], subprocess.Popen[bytes]]]":
    """Starts the collector as on a machine of its own, with a spool of its own."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with ExitStack() as ending:

        def start(name: str) -> "subprocess.Popen[bytes]":
            log = ending.enter_context((tmp_path / f"{name}.log").open("wb"))
            environment = known | {"REDIS_URL": redis_url, "STATE_DIR": str(tmp_path / name)}
            command = [sys.executable, "-m", "tests.faults.harness.simulation"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            ending.callback(process.wait, 20)
            ending.callback(process.terminate)
            ending.callback(process.send_signal, signal.SIGCONT)
            return process

        yield start


def test_nothing_of_a_holder_that_wakes_up_late_is_accepted(
    rt: Runtime, bus: Redis, begin: "Callable[[str], subprocess.Popen[bytes]]", tmp_path: Path
) -> None:
    want_simulation(rt, ["ES", "NQ"], 1, 500.0)
    frozen = begin("frozen")
    until(lambda: stream_state(bus).added > 100, START_S)
    token = int(bus.hget(LEASE, "token") or 0)
    frozen.send_signal(signal.SIGSTOP)
    until(lambda: not bus.exists(LEASE), LEASE_TTL_S + 5)
    before = stream_state(bus).last_id

    begin("next")
    until(lambda: stream_state(bus).last_id != before, START_S)
    since = stream_state(bus).last_id
    frozen.send_signal(signal.SIGCONT)
    frozen.wait(30)
    added = stream_state(bus).added
    until(lambda: stream_state(bus).added > added + 500)

    tokens = {epoch_of(int(words["seq"])) for _id, words in bus.xrange(keys.STREAM, f"({before}")}
    assert tokens == {int(bus.hget(LEASE, "token") or 0)}
    assert token not in tokens
    assert since != before
    assert "quotes wait in" in (bus.hget(keys.health(SIMULATED), "fenced") or "")
    assert (tmp_path / "frozen" / "spool" / f"{SIMULATED}.db").exists()


def test_a_killed_holder_is_replaced_at_once_on_its_machine_and_counted(
    rt: Runtime, bus: Redis, begin: "Callable[[str], subprocess.Popen[bytes]]"
) -> None:
    want_simulation(rt, ["ES"], 1, 500.0)
    killed = begin("killed")
    until(lambda: stream_state(bus).added > 100, START_S)
    killed.kill()
    killed.wait(10)
    added = stream_state(bus).added

    begin("next")

    until(lambda: stream_state(bus).added > added + 100, START_S)
    seqs = [int(words["seq"]) for _id, words in bus.xrange(keys.STREAM)]
    assert seqs == sorted(set(seqs))
    assert (read_crashes(bus, SIMULATED).count, read_crashes(bus, SIMULATED).last_error) == (1, VANISHED)
