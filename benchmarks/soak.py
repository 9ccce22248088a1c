"""Whether memory stays flat while the whole of Thor works: `python -m benchmarks.soak [--minutes 10] [--rate 2000]`.

`flask up` runs in a directory of its own, a feed publishes at a steady rate, and stream clients listen. Every two
seconds the resident memory of each process with its children is noted, without what PostgreSQL's processes share, as
that is bounded by a setting. The first third is left out: caches fill, and the stream grows to its resume window.

The slope is Theil and Sen's, the median of the slopes between all pairs of samples, which neither a single peak nor the
teeth of trimming move. A process is flat when that slope over the time looked at comes to less than 2 % of its size, or
than 2 MB. A run of less than three minutes is a trial: it shows the slopes and judges nothing.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from threading import Thread

import psutil
from rich.console import Console
from rich.table import Table

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import group_state
from app.local.state import read_servers
from app.local.status import ProcessStatus, read_processes
from benchmarks.processes import plain_environment, publish_steadily
from benchmarks.stream_clients import Listeners
from tests.servers import ROOT
from tests.waiting import until

SAMPLE_EVERY_S = 2.0
SETTLE_S = 1.0
START_S = 180.0
WARM_UP_SHARE = 1 / 3
JUDGED_FROM_S = 180.0
FLAT_SHARE, FLAT_MB = 0.02, 2.0
RESUME_WINDOW_S = 45
NOTED = 2


@dataclass(frozen=True)
class Growth:
    """The memory of a process with its children over the time looked at."""

    name: str
    median_mb: float
    greatest_mb: float
    slope_mb_per_min: float
    span_min: float

    @property
    def is_flat(self) -> bool:
        """Whether what it would have grown by in that time is as good as nothing."""
        return self.slope_mb_per_min * self.span_min < max(FLAT_MB, FLAT_SHARE * self.median_mb)


Samples = dict[str, list[tuple[float, float]]]


def growth_of(name: str, samples: Sequence[tuple[float, float]]) -> Growth:
    """The growth that samples of (seconds, MB) show, after the warm-up."""
    began, ended = samples[0][0], samples[-1][0]
    kept = [sample for sample in samples if sample[0] >= began + (ended - began) * WARM_UP_SHARE]
    slopes = [(b - a) / (then - at) for (at, a), (then, b) in combinations(kept, 2)]
    sizes = [size for _, size in kept]
    span_min = (kept[-1][0] - kept[0][0]) / 60
    return Growth(name, statistics.median(sizes), max(sizes), statistics.median(slopes) * 60, span_min)


@contextlib.contextmanager
def running_thor(state_dir: Path) -> Iterator[list[ProcessStatus]]:
    """All of Thor on a directory of its own, from when everything answers until the block ends."""
    environment = plain_environment() | {
        "STATE_DIR": str(state_dir),
        "FLASK_APP": "wsgi",
        "SSE_RESUME_WINDOW_S": str(RESUME_WINDOW_S),
    }
    with (state_dir.parent / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "up"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: process.poll() is not None or _is_up(state_dir), START_S)
        if process.poll() is not None:
            raise RuntimeError(f"flask up ended:\n{(state_dir.parent / 'up.log').read_text()[-2000:]}")
        yield [one for one in read_processes(state_dir) if one.pid]
    finally:
        process.terminate()
        process.wait(60)


def _is_up(state_dir: Path) -> bool:
    states = {one.state for one in read_processes(state_dir)}
    return bool(states) and states <= {"running", "done"}


def soak(folder: Path, minutes: float, rate: float, clients: int) -> tuple[list[Growth], list[str]]:
    """Run so long at that rate; the growth of each process, and remarks."""
    with running_thor(folder / "state") as processes:
        servers = read_servers(folder / "state")
        assert servers is not None and servers.redis_url is not None
        web = next(one.url for one in processes if one.name == "web" and one.url)
        published: list[int] = []
        with Listeners(web.rstrip("/"), clients, min(NOTED, clients)) as listeners:
            feed = Thread(
                target=lambda: published.append(publish_steadily(servers.redis_url or "", rate, minutes * 60))
            )
            feed.start()
            samples = _sample(processes, feed)
            with connect(servers.redis_url) as client:
                until(lambda: group_state(client).behind == 0)
                length = client.xlen(keys.STREAM)
            time.sleep(SETTLE_S)
            seen = listeners.end()
    remarks = [
        f"{sum(published):,} quotes published, {min(seen.quotes, default=0):,} delivered to each of {clients} clients",
        f"the stream holds {length:,} at the end; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
    ]
    return [growth_of(name, found) for name, found in samples.items()], remarks


def _sample(processes: Sequence[ProcessStatus], feed: Thread) -> Samples:
    samples: Samples = defaultdict(list)
    while feed.is_alive():
        for one in processes:
            if one.pid:
                samples[one.name].append((time.monotonic(), _own_mb(one.pid)))
        feed.join(SAMPLE_EVERY_S)
    return samples


def _own_mb(pid: int) -> float:
    leader = psutil.Process(pid)
    return sum(_own_bytes(process) for process in (leader, *leader.children(recursive=True))) / 1e6


def _own_bytes(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        memory = process.memory_info()
        return int(memory.rss - memory.shared if "postgres" in process.name() else memory.rss)
    return 0


def show(growths: Sequence[Growth], *, judged: bool) -> Table:
    """The growths as a table."""
    table = Table("process", "median MB", "greatest MB", "MB/min", "", title="Memory under a steady feed")
    for one in growths:
        verdict = ("flat" if one.is_flat else "NOT FLAT") if judged else "trial"
        figures = (f"{one.median_mb:,.1f}", f"{one.greatest_mb:,.1f}", f"{one.slope_mb_per_min:+.3f}")
        table.add_row(one.name, *figures, verdict)
    return table


def main() -> int:
    """Print the table; 1 when a process is not flat."""
    parser = argparse.ArgumentParser(description="Watch the memory of all processes under a steady feed.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=2000.0, help="quotes a second")
    parser.add_argument("--clients", type=int, default=20, help="SSE clients")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        growths, remarks = soak(Path(name), asked.minutes, asked.rate, asked.clients)
    judged = asked.minutes * 60 >= JUDGED_FROM_S
    Console(width=None if sys.stdout.isatty() else 120).print(show(growths, judged=judged))
    print(*remarks, sep="\n")
    return int(judged and not all(one.is_flat for one in growths))


if __name__ == "__main__":
    sys.exit(main())
