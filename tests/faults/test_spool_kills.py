"""kill -9 of a collector in the middle of its work, also while the bus is away."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.bus import keys
from app.bus.published import read_published
from app.collectors.spool import Spool
from tests.proxy import relayed
from tests.servers import ROOT
from tests.waiting import until

SOURCE = "SIMULATED"
# Tells the numbers of a step once they were taken over, and what each of them stands for.
COLLECTOR = """
import sys
from functools import partial
from pathlib import Path
from threading import Event

from app.bus.connection import connect, without_retries
from app.clock import SystemClock
from app.collectors.feeds import SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.collectors.spool import Spool
from app.market.markets import market
from tests.factories import quotes

life = int(sys.argv[3])
told = 0


def make(next_seq):
    taken = []

    def step(now):
        global told
        for one in taken:
            print(one.seq, one.volume, flush=True)
        day = market().session_of(now)
        made = quotes(10, source="SIMULATED", ts=now, session_date=day)
        taken[:] = [one._replace(seq=next_seq(), volume=life * 10**6 + told + n) for n, one in enumerate(made)]
        told += 10
        return taken

    return SteppedFeed(step)


open_spool = partial(Spool, Path(sys.argv[2]), "SIMULATED", 64 << 20)
client = without_retries(connect(sys.argv[1], socket_timeout_s=0.2))
assignment = Assignment("SIMULATED", 0.01, lambda: True, make, open_spool, market(), look_every_s=0.1)
run_collector(client, assignment, SystemClock(), Event())
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def network(bus, redis_url):
    with relayed(redis_url) as relay:
        yield relay


@pytest.fixture
def spool(tmp_path):
    with contextlib.closing(Spool(tmp_path / "spool" / f"{SOURCE}.db", SOURCE, 64 << 20)) as opened:
        yield opened


@pytest.fixture
def living(network, spool):
    """A collector for the length of a block, killed at its end; what it told goes to `told`."""

    @contextlib.contextmanager
    def live(number, told: Path):
        with told.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", COLLECTOR, network.url, spool.path, str(number)], cwd=ROOT, stdout=out
            )
        try:
            until(lambda: told.stat().st_size > 0 or process.poll() is not None)
            assert process.poll() is None
            yield process
        finally:
            process.kill()
            process.wait()

    return live


def read(told: Path):
    return [tuple(map(int, line.split())) for line in told.read_text().split("\n")[:-1]]


def in_stream(bus):
    return [(int(fields["seq"]), int(fields["volume"])) for _, fields in bus.xrange(keys.STREAM)]


def test_what_was_taken_over_survives_every_kill_and_no_number_is_used_twice(bus, network, living, spool, tmp_path):
    lives = [tmp_path / f"told-{number}" for number in range(4)]
    for number, told in enumerate(lives):
        with living(number, told):
            if number % 2:
                network.swallow()
                until(lambda: not spool.is_empty)
            time.sleep(0.2 + 0.07 * number)
        network.restore()
        network.cut()
    with living(9, tmp_path / "last"):
        until(lambda: spool.is_empty)

    found = in_stream(bus)
    taken = {pair for told in lives for pair in read(told)}
    assert taken <= set(found)
    assert len({seq for seq, _volume in found}) == len(set(found))
    assert list(dict.fromkeys(found)) == sorted(set(found))
    assert sum(read_published(bus).values()) == len(found)
