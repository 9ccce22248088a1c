import subprocess
import sys

import pytest

from tests.tree import ROOT

LOOKED = """
import gc, weakref
from app.local.pauses import keep_pauses_short
class Loop:
    def __init__(self):
        self.me, self.many = self, [[] for _ in range(50)]
loaded = [[] for _ in range(200_000)]
{do}
seen = []
gc.callbacks.append(lambda phase, info: seen.append(info["generation"]) if phase == "start" else None)
kept = [[] for _ in range(100_000)]
looked_at, whole = len(gc.get_objects()), seen.count(2)
lost = weakref.ref(Loop())
later = [[] for _ in range(50_000)]
print(whole, looked_at > 250_000, lost() is None)
"""

PASSED_OVER = """
import gc, weakref
from threading import Event
from app.local.pauses import keep_pauses_short, search_by_the_clock
class Loop:
    def __init__(self):
        self.me = self
keep_pauses_short()
loop = Loop()
lost = weakref.ref(loop)
gc.collect(1)
del loop
gc.collect(1)
passed_over, found = lost() is not None, Event()
weakref.finalize(lost(), found.set)
ended = Event()
thread = search_by_the_clock(ended, 0.01)
was_found = found.wait(20)
ended.set()
thread.join(20)
print(passed_over, was_found, thread.is_alive())
"""

# Pieces of 8 KiB come from the heap, and every 64th stays.
HOLES = """
from pathlib import Path
from app.local.pauses import give_back
def kib():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Anonymous")).split()[1])
before = kib()
kept = [bytes(8 * 1024) for _ in range(10_000)]
kept = kept[::64]
held = kib() - before
give_back()
print(held, kib() - before)
"""

BLOCK = """
import gc, threading
from app.local.pauses import steady_memory
def state():
    return gc.get_threshold(), gc.get_freeze_count() > 0, any(one.name == "garbage" for one in threading.enumerate())
before = state()
with steady_memory():
    within = state()
print(before == state(), within[1:], within[0] != before[0])
"""


def test_a_block_leaves_the_search_as_it_was():
    found = subprocess.run([sys.executable, "-c", BLOCK], capture_output=True, text=True, check=True, cwd=ROOT).stdout

    assert found.strip() == "True (True, True) True"


def test_garbage_that_was_passed_over_is_found_by_the_clock_until_the_process_ends():
    command = [sys.executable, "-c", PASSED_OVER]

    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()

    assert found == "True True False"


def test_what_is_loaded_is_searched_no_more_and_young_garbage_still_is():
    assert (run(do=""), run(do="keep_pauses_short()")) == ("1 True True", "0 False True")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heaps are Linux's")
def test_free_pages_between_what_stays_are_given_back():
    command = [sys.executable, "-c", HOLES]

    held, given_back = map(
        int, subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    )

    assert held > 60_000
    assert given_back < 30_000


def run(**filled):
    command = [sys.executable, "-c", LOOKED.format(**filled)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
