import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.local.background import NICENESS, SESSION_NICENESS, thread_limits
from tests.tree import ROOT

NUMPY = "import numpy as np, threadpoolctl; print(*(one['num_threads'] for one in threadpoolctl.threadpool_info()))"
POLARS = "import polars as pl; print(pl.thread_pool_size())"
ARROW = "import pyarrow as pa; print(pa.cpu_count())"
AFTER = "from app.local.background import go_to_background; go_to_background(); go_to_background()\n"
SHOWN = "import psutil; print(psutil.Process().nice())"
THREADS = """
import os, psutil, threading
ends = threading.Event()
thread = threading.Thread(target=ends.wait)
thread.start()
print(os.getpriority(os.PRIO_PROCESS, thread.native_id))
ends.set()
"""
DUCKDB = """
from pathlib import Path
from app.lake.layout import Lake
from app.lake.query import connect
with connect(Lake(Path("nowhere"))) as connection:
    print(*connection.execute("SELECT current_setting('threads')").fetchone())
"""


@pytest.mark.parametrize(("processors", "threads"), [(1, "1"), (2, "1"), (3, "2"), (8, "7")])
def test_one_processor_is_left_to_others_where_there_are_several(processors, threads, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)), raising=False)

    assert set(thread_limits().values()) == {threads}


@pytest.mark.parametrize("library", [NUMPY, POLARS, ARROW, DUCKDB], ids=["NumPy", "Polars", "Arrow", "DuckDB"])
def test_the_numeric_libraries_obey_the_limits(library):
    limits = dict.fromkeys(thread_limits(), "1")
    more = dict.fromkeys(limits, "2")

    assert (set(run(library, limits).split()), set(run(library, more).split())) == ({"1"}, {"2"})


def test_duckdb_leaves_a_processor_to_others_in_the_background():
    assert run(AFTER + DUCKDB) == next(iter(thread_limits().values()))


@pytest.mark.parametrize("look", [SHOWN, THREADS], ids=["the process", "its threads"])
def test_whoever_goes_to_the_background_stays_there(look):
    assert int(run(AFTER + look)) == max(NICENESS, psutil.Process().nice())


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux has classes of reading and writing")
def test_whoever_goes_to_the_background_reads_and_writes_last():
    assert run(AFTER + "import psutil; print(psutil.Process().ionice().value)") == "7"


@pytest.mark.parametrize(("own_session", "lowered"), [(True, True), (False, False)])
def test_a_session_is_lowered_by_the_process_that_it_was_made_for(own_session, lowered, tmp_path):
    weighed = background_with(session_file(tmp_path))
    shown = "print(background._AUTOGROUP.read_text().split()[-1])"

    before, after = int(run(weighed + shown)), int(run(weighed + AFTER + shown, own_session=own_session))

    assert (after == SESSION_NICENESS, after == before) == (lowered, not lowered)


def test_where_the_kernel_weighs_no_session_none_is_lowered(tmp_path):
    empty = tmp_path / "autogroup"
    empty.touch()

    run(background_with(empty) + AFTER, own_session=True)

    assert not empty.read_text()


def session_file(folder):
    # The kernel's own is empty for a process in a control group, as in most containers: one of its form stands in.
    kernels = Path("/proc/self/autogroup")
    if kernels.exists() and kernels.read_text().strip():
        return kernels
    standing_in = folder / "autogroup"
    standing_in.write_text("/autogroup-7 nice 0\n")
    return standing_in


def background_with(file):
    return f"from pathlib import Path; from app.local import background; background._AUTOGROUP = Path({str(file)!r})\n"


def run(script, environment=None, *, own_session=False):
    # One whose shell is its parent would hold the session of that shell for its own.
    between = [] if own_session else [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
    answer = subprocess.run(
        [*between, sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
    )
    return answer.stdout.strip()
