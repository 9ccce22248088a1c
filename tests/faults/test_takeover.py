"""An ingestor that stands still in the middle of a batch, is taken for dead, and wakes up again."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from app.bus import keys
from app.bus.groups import group_state
from app.ledger.models import DuplicateCount, IngestBatch
from tests.factories import quotes
from tests.servers import ROOT
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)
WAITING = """
SELECT count(*) FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE NOT l.granted AND a.datname = current_database() AND a.query LIKE 'COPY ticks%'
"""


@pytest.fixture
def paused(settings, tmp_path):
    """Starts an ingestor as a process; `stop_at` gives it and stops it once a condition holds."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "STATE_DIR": str(settings.state_dir),
        "FLASK_APP": "wsgi",
    }

    @contextlib.contextmanager
    def stop_at(condition) -> "Iterator[subprocess.Popen[bytes]]":
        command = [sys.executable, "-m", "flask", "redis-to-postgres", "--consumer-id", "paused"]
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or condition(), deadline_s=60)
            process.send_signal(signal.SIGSTOP)
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(20)

    return stop_at


def counted(sessions):
    with sessions() as session:
        duplicates = session.scalar(select(func.coalesce(func.sum(DuplicateCount.count), 0)))
        return duplicates, session.scalar(select(func.count()).select_from(IngestBatch))


def test_an_entry_that_two_ingestors_commit_is_counted_once(
    bus, publisher, running, drain, paused, sessions, stored, until_stored
):
    publisher.publish(quotes(50))
    drain("before")
    publisher.publish(quotes(100))  # Half of these are stored already.

    with sessions() as holder, holder.begin() as locking:
        holder.execute(text("LOCK TABLE ticks IN EXCLUSIVE MODE"))
        with paused(lambda: holder.scalar(text(WAITING))) as process:
            locking.commit()
            bus.delete(keys.ingest_lease("paused"))  # As it expires in time.
            with running("living", lost_after_ms=50, recover_every_s=0.05):
                until_stored(100)
                until(lambda: group_state(bus).behind == 0)
                taken_over = counted(sessions)
                process.send_signal(signal.SIGCONT)
                until(lambda: counted(sessions)[1] > taken_over[1], deadline_s=60)

    assert stored() == list(range(1, 101))
    assert (taken_over[0], counted(sessions)[0]) == (50, 50)
    assert group_state(bus).behind == 0
