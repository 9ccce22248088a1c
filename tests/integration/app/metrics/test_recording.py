import os
import signal
import subprocess
import sys

from app.metrics.recording import share_counts, shared_folder
from tests.counting import scraped
from tests.servers import ROOT

COUNT = """
import pathlib, sys
from app.metrics.families import EXPORT_ROWS, HTTP_IN_PROGRESS
from app.metrics.recording import count, share_counts
share_counts(pathlib.Path(sys.argv[1]), "export")
count(HTTP_IN_PROGRESS)
for _ in range(int(sys.argv[2])):
    count(EXPORT_ROWS)
"""
WAIT = "print('counted', flush=True); input()"
FORK = """
import os
for _ in range(3):
    if os.fork() == 0:
        for _ in range(10):
            count(EXPORT_ROWS)
        os._exit(0)
for _ in range(3):
    os.wait()
count(EXPORT_ROWS)
"""
ROWS, OPEN = ("thor_export_rows_total", ()), ("thor_http_requests_in_progress", ())


def test_nothing_is_lost_or_counted_twice_when_a_process_is_killed(tmp_path):
    share_counts(tmp_path, "web")

    for _ in range(3):
        process = started(COUNT + WAIT, tmp_path, 1000)
        assert process.stdout.readline() == b"counted\n"
        assert scraped()[OPEN] == 1
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert scraped()[ROWS] == 3000
    assert OPEN not in scraped()
    # The next has taken the place of the one before.
    assert len(list(shared_folder().glob("export-*.db"))) == 1


def test_processes_at_once_are_counted_together(tmp_path):
    share_counts(tmp_path, "web")

    processes = [started(COUNT + WAIT, tmp_path, 500) for _ in range(4)]
    assert [process.stdout.readline() for process in processes] == [b"counted\n"] * 4

    assert (scraped()[ROWS], scraped()[OPEN]) == (2000, 4)
    for process in processes:
        process.communicate(b"\n")
    assert scraped()[ROWS] == 2000


def test_the_children_of_a_fork_count_for_themselves(tmp_path):
    share_counts(tmp_path, "web")

    process = started(COUNT + FORK + WAIT, tmp_path, 5)
    assert process.stdout.readline() == b"counted\n"

    # Its own request is still counted, those of the children never were.
    assert (scraped()[ROWS], scraped()[OPEN]) == (36, 1)
    process.communicate(b"\n")


def started(script, folder, times):
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(times)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
