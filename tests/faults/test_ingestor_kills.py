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
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text

from app.bus import keys
from app.bus.groups import group_state
from app.quotes import Quote
from app.settings import Settings
from tests.factories import MOMENT, quote
from tests.faults.mutants import CONSUMER
from tests.servers import ROOT
from tests.waiting import until

SYMBOLS = ("ES", "NQ", "GC")
PORTION = 500

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
    """Runs an ingestor again and again while quotes come in, and kills each at a random moment of its work."""

    def __init__(self, bus: Redis, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._bus, self._command, self._environment, self._log = bus, command, environment, log
        self._random = random.Random(20251009)
        self.interrupted = 0

    def kill(self, lives: Iterable[Callable[[], None]], longest_s: float) -> None:
        """One life for each of the calls, which publish something; it lasts up to so long after the first batch."""
        for publish in lives:
            publishing = threading.Thread(target=publish)
            publishing.start()
            with self._living() as process:
                time.sleep(self._random.uniform(0, longest_s))
                self._check(process)
            self.interrupted += group_state(self._bus).behind > 0
            publishing.join()

    def finish(self) -> None:
        """Let it live, and have it end in order once everything was delivered."""
        with self._living() as process:
            until(lambda: group_state(self._bus).lag == 0, deadline_s=120)
            process.terminate()
            assert process.wait(15) == 0

    @contextlib.contextmanager
    def _living(self) -> "Iterator[subprocess.Popen[bytes]]":
        acknowledged = self._acknowledged()
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            until(lambda: self._check(process) and self._acknowledged() > acknowledged)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _acknowledged(self) -> int:
        groups = self._bus.xinfo_groups(keys.STREAM) if self._bus.exists(keys.STREAM) else []
        return sum(row["entries-read"] - row["pending"] for row in groups if row["entries-read"])

    def _check(self, process: "subprocess.Popen[bytes]") -> bool:
        assert process.poll() is None, f"it ended by itself:\n{self._log.read_text()[-2000:]}"
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
def publish(publisher):
    def publish(quotes):
        for start in range(0, len(quotes), PORTION):
            publisher.publish(quotes[start : start + PORTION])

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


def lives(quotes, count, publish):
    each = len(quotes) // count
    return [partial(publish, quotes[start : start + each]) for start in range(0, len(quotes), each)]


def test_an_ingestor_killed_20_times_loses_nothing_and_doubles_nothing(bus, publish, audit, environment, tmp_path):
    quotes = flow(200_000)
    command = [sys.executable, "-m", "flask", "redis-to-postgres", "--consumer-id", CONSUMER, "--batch-size", "500"]
    killer = Killer(bus, command, environment, tmp_path / "log")

    killer.kill(lives(quotes, 20, publish), longest_s=0.25)
    publish(quotes[:1])  # Something new, however far the last one came.
    killer.finish()

    assert killer.interrupted >= 10, "too few of the kills met it at work"
    assert audit(quotes) == (0, 0)


@pytest.mark.parametrize(("kind", "loses"), [("sound", False), ("acknowledges-first", True), ("forgets-its-own", True)])
def test_such_kills_show_which_ingestor_loses(bus, publish, audit, environment, tmp_path, kind, loses):
    quotes = flow(72_000)
    killer = Killer(bus, [sys.executable, "-m", "tests.faults.mutants", kind, "3000"], environment, tmp_path / "log")

    killer.kill(lives(quotes, 8, publish), longest_s=0.1)
    publish(quotes[:1])  # Something new, however far the last one came.
    killer.finish()

    lost, doubled = audit(quotes)
    assert (lost > 0, doubled) == (loses, 0)


def test_the_audit_counts_what_is_lost_and_what_is_too_many(sessions, audit, rt, publish, runner):
    quotes = flow(10)
    publish([*quotes[:8], quote(seq=99)])
    runner.invoke(args=["redis-to-postgres", "--drain"])

    assert audit(quotes) == (2, 1)
