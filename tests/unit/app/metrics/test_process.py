import subprocess
import sys
from threading import Event

import psutil

from app.metrics.process import ProcessFigures, figures_of, keep_figures
from tests.counting import scraped
from tests.waiting import until


def test_a_process_tells_what_it_takes():
    found = figures_of(psutil.Process())

    assert found.processes == 1
    assert found.memory_bytes > 1_000_000
    assert min(found.cpu_s, found.open_fds, found.threads) > 0


def test_of_one_that_has_ended_there_is_nothing():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    watched = psutil.Process(process.pid)
    process.communicate(b"\n")

    assert figures_of(watched) == ProcessFigures()


def test_several_add_up():
    assert ProcessFigures(1, 2, 3.0, 4, 5) + ProcessFigures(1, 1, 1.0, 1, 1) == ProcessFigures(2, 3, 4.0, 5, 6)


def test_figures_are_told_until_the_end():
    ended = Event()

    thread = keep_figures("web", ended, every_s=0.01)
    until(lambda: ("thor_process_threads", ("web",)) in scraped())
    ended.set()
    thread.join(10)

    told = scraped()
    assert told["thor_processes", ("web",)] == 1
    assert 0 < told["thor_process_cpu_seconds_total", ("web",)] <= sum(psutil.Process().cpu_times()[:2])
    assert told["thor_process_resident_memory_bytes", ("web",)] > 1_000_000
    assert told["thor_process_open_fds", ("web",)] > 0
