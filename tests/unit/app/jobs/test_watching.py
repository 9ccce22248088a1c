import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.jobs import watching
from app.jobs.claims import Claim
from app.jobs.watching import RunLimits, Stopped, Watch
from tests.fakes import FixedClock
from tests.waiting import until

# Without a database, whose outages the watch outlives; the work never lets go of the interpreter's lock.
STUCK = """
from collections import deque
from itertools import repeat

from app.clock import SystemClock
from app.jobs.claims import Claim
from app.jobs.watching import RunLimits, Watch


class Away:
    def begin(self):
        raise OSError("nobody is there")


with Watch(Away(), SystemClock(), Claim(7, 1), RunLimits(beat_s=0.05, stuck_s=0.5), end_process=print):
    deque(repeat(None), maxlen=0)
"""


def test_a_process_whose_work_keeps_even_the_watch_from_looking_ends_with_a_trace():
    ended = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Timeout (0:00:00.5" in ended.stderr
    assert 'File "<string>", line 16 in <module>' in ended.stderr


@pytest.mark.parametrize(("end_process", "last"), [(print, "called off"), (None, None)])
def test_only_a_process_of_its_own_is_to_end_and_only_while_the_work_lasts(monkeypatch, end_process, last):
    told = [None]
    monkeypatch.setattr(watching, "faulthandler", recorder(told))

    with watch(end_process=end_process):
        until(lambda: end_process is None or told[-1])

    assert told[-1] == last
    assert (("in", 60.0, True) in told) == (end_process is not None)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"time_s": 0.01}, "it took longer than 0.01 s"),
        ({"memory_mb": 1}, "it needed more than 1 MB of memory"),
    ],
)
def test_work_that_takes_too_much_is_told_to_stop_also_while_the_database_is_away(limits, words):
    with watch(**limits) as watched, pytest.raises(Stopped) as stopped:
        until(lambda: watched.say("bars", 0.5))

    assert (stopped.value.ending.status, stopped.value.ending.error) == ("failed", words)


def test_what_was_taken_counts_from_the_begin():
    with watch() as watched:
        taken = watched.taken()

    assert taken["peak_mb"] > 1
    assert 0 <= taken["wall_s"] < 30


def watch(end_process=None, **limits):
    clock = FixedClock(datetime(2025, 10, 9, tzinfo=UTC))
    return Watch(away, clock, Claim(7, 1), RunLimits(beat_s=0.01, **limits), end_process)


def recorder(told):
    return SimpleNamespace(
        dump_traceback_later=lambda seconds, **options: told.append(("in", seconds, options["exit"])),
        cancel_dump_traceback_later=lambda: told.append("called off"),
    )


def refuse():
    raise OSError("nobody is there")


away = SimpleNamespace(begin=refuse)
