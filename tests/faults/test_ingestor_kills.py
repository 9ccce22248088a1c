"""kill -9 of the ingestor in the middle of its work: nothing is lost, nothing is doubled, and the test would see it."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from app.bus import keys
from app.bus.groups import group_state
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.quotes import Quote
from app.settings import Settings
from tests.factories import MOMENT, quote
from tests.faults.mutants import CONSUMER
from tests.servers import ROOT
from tests.waiting import until

SYMBOLS = ("ES", "NQ", "GC")
PORTION = 500
LEASE = keys.ingest_lease(CONSUMER)

pytestmark = pytest.mark.timeout(300)


def flow(count: int) -> list[Quote]:
    """Distinct quotes of three symbols; several share an instant, and the last third is of another trading day."""
    return [
        quote(
            symbol=SYMBOLS[seq % 3],
            seq=seq,
            ts=MOMENT + timedelta(milliseconds=seq // 4, days=1 if seq > count * 2 // 3 else 0),
        )
        for seq in range(count)
    ]


class Killer:
    """Runs an ingestor again and again, and kills each at a random moment of its work."""

    def __init__(self, bus: Redis, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._bus, self._command, self._environment, self._log = bus, command, environment, log
        self._random = random.Random(20251009)
        self._token: str | None = None

    def kill(self, times: int, lives_s: float) -> None:
        """Start and kill it so many times, each after it has worked for up to `lives_s`."""
        for _ in range(times):
            with self._living() as process:
                time.sleep(self._random.uniform(0.02, lives_s))
                assert process.poll() is None, f"it ended by itself:\n{self._log.read_text()[-2000:]}"

    def finish(self, is_over: Callable[[], bool]) -> None:
        """Start it a last time, and kill it when the work is done."""
        with self._living():
            until(is_over, deadline_s=120)

    @contextlib.contextmanager
    def _living(self) -> "Iterator[subprocess.Popen[bytes]]":
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            until(lambda: self._works(process))
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _works(self, process: "subprocess.Popen[bytes]") -> bool:
        assert process.poll() is None, f"it ended by itself:\n{self._log.read_text()[-2000:]}"
        token = self._bus.hget(LEASE, "token")
        if token in (None, self._token):
            return False
        self._token = token
        return True


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The settings of this test for a process."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "STATE_DIR": str(settings.state_dir),
        "FLASK_APP": "wsgi",
    }


@pytest.fixture
def publisher(bus):
    return QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"), ttl_s=600))


@pytest.fixture
def publish(publisher):
    def publish(quotes, *, per_s=None):
        for start in range(0, len(quotes), PORTION):
            publisher.publish(quotes[start : start + PORTION])
            time.sleep(PORTION / per_s if per_s else 0)

    return publish


@pytest.fixture
def audit(sessions):
    """What of the published quotes is not stored, and what is stored that was not published, or more than once."""

    def audit(quotes):
        ledger = Counter((one.symbol, one.ts, one.seq) for one in quotes)
        with sessions() as session:
            stored = Counter(
                (symbol, ts, seq) for symbol, ts, seq in session.execute(text("SELECT symbol, ts, seq FROM ticks"))
            )
        return (ledger - stored).total(), (stored - ledger).total()

    return audit


def test_an_ingestor_killed_20_times_loses_nothing_and_doubles_nothing(bus, publish, audit, environment, tmp_path):
    quotes = flow(200_000)
    command = [sys.executable, "-m", "flask", "redis-to-postgres", "--consumer-id", CONSUMER, "--batch-size", "500"]
    killer = Killer(bus, command, environment, tmp_path / "log")
    publishing = threading.Thread(target=publish, args=(quotes,), kwargs={"per_s": 10_000})

    publishing.start()
    killer.kill(20, lives_s=0.5)
    publishing.join()
    left = group_state(bus).behind
    killer.finish(lambda: group_state(bus).behind == 0)

    assert left, "there was nothing left to lose at the last kill"
    assert audit(quotes) == (0, 0)


@pytest.mark.parametrize("kind", ["acknowledges-first", "forgets-its-own"])
def test_the_same_kills_show_an_ingestor_that_loses(bus, publish, audit, environment, tmp_path, kind):
    quotes = flow(60_000)
    publish(quotes)
    killer = Killer(bus, [sys.executable, "-m", "tests.faults.mutants", kind, "2000"], environment, tmp_path / "log")

    killer.kill(6, lives_s=0.3)
    killer.finish(lambda: group_state(bus).lag == 0)
    until(lambda: kind == "forgets-its-own" or group_state(bus).pending == 0)

    lost, doubled = audit(quotes)
    assert lost > 0
    assert doubled == 0


def test_the_audit_counts_what_is_lost_and_what_is_too_many(sessions, audit, rt, publish, runner):
    quotes = flow(10)
    publish([*quotes[:8], quote(seq=99)])
    runner.invoke(args=["redis-to-postgres", "--drain"])

    assert audit(quotes) == (2, 1)
