"""How long a quote takes to the clients of the event stream while the ladder's work runs, against when none does.

    python -m benchmarks.ladder_latency [--rate 2000] [--clients 100] [--seconds 10] [--pairs 4] [--compare]

Servers, web process, ingestor and the workers of `analysis` and `export` are processes as `flask up` runs them. The
workers do what the stages of a ladder do, one after the other and without a pause: the running session is exported,
then a few analyses follow. They stand still in every other window; each window has clients of its own.
`--compare` shows beside it what it would be if those workers were as others are.
"""

import argparse
import contextlib
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psutil
from redis import Redis
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.connection import connect
from app.jobs.requests import JobRequest
from app.jobs.service import submit
from app.jobs.urgency import PREMARKET
from app.lake.layout import Lake
from app.market.markets import market
from benchmarks.analysis_ticks import make_market
from benchmarks.latency import Latency, measure_of
from benchmarks.processes import Rig, rig
from benchmarks.stream_clients import Listeners
from tests.waiting import until
from workers.dispatch import CeleryDispatch, make_celery

MOST = 1.5
WARM_UP_S = 2.0
NOTED = 20
SYMBOLS = ("ES", "NQ", "YM")
TICKS = 1_000_000
# Each asks something else, so that none of them is another one's.
JOBS, JOBS_OF_A_STAGE = 300, 3
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class LadderRun:
    """The 99th percentiles in milliseconds of pairs of windows, idle and at work, and what the work used of a core."""

    name: str
    pairs: Sequence[tuple[float, float]]
    cores: float
    wrong: Sequence[str]

    @property
    def idle_ms(self) -> float:
        """The median of the idle windows."""
        return statistics.median(idle for idle, _ in self.pairs)

    @property
    def busy_ms(self) -> float:
        """The median of the windows at work."""
        return statistics.median(busy for _, busy in self.pairs)

    @property
    def ratio(self) -> float:
        """How many times as long it takes while work goes on: the median of the pairs."""
        return statistics.median(busy / idle if idle else math.inf for idle, busy in self.pairs)

    @property
    def passed(self) -> bool:
        """Whether the work is in nobody's way."""
        return not self.wrong and self.ratio <= MOST

    def faults(self) -> list[str]:
        """A line for each thing that must not be."""
        return [f"WRONG: {line}" for line in self.wrong]


def measure_ladder(
    folder: Path,
    rate: float = 2000,
    clients: int = 100,
    seconds: float = 10.0,
    pairs: int = 4,
    *,
    in_the_way: bool = False,
) -> LadderRun:
    """Run the pipeline and the workers in processes of their own, whose data lie in the folder."""
    measured: list[tuple[float, float]] = []
    wrong: list[str] = []
    with (
        rig(folder) as made,
        made.web() as web,
        made.ingestor(),
        made.feeding(rate),
        _workers(made, in_the_way) as work,
    ):
        begun_s = work.cpu_s()
        for _ in range(pairs):
            with work.standing_still():
                idle = _window(web.url, clients, seconds)
            busy = _window(web.url, clients, seconds)
            measured.append((idle.p99_ms, busy.p99_ms))
            wrong += (
                ["the stream fell behind by a window: ask for a lower rate"]
                if not (idle.observed and busy.observed)
                else []
            )
        cores = (work.cpu_s() - begun_s) / (pairs * (WARM_UP_S + seconds))
    wrong += [] if cores > 0 else ["no analysis was at work"]
    return LadderRun("as others" if in_the_way else "in the background", measured, cores, wrong)


@dataclass(frozen=True)
class _Work:
    """The processes that compute."""

    processes: Sequence[psutil.Process]

    def cpu_s(self) -> float:
        times = [process.cpu_times() for process in self.processes]
        return sum(one.user + one.system for one in times)

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        for process in self.processes:
            process.suspend()
        try:
            yield
        finally:
            for process in self.processes:
                process.resume()


@contextlib.contextmanager
def _workers(made: Rig, in_the_way: bool) -> Iterator[_Work]:
    lake = Lake(made.folder / "var" / "data")
    known = [make_market(lake, symbol=name, ticks=TICKS, seed=place) for place, name in enumerate(SYMBOLS)]
    numbers = _ask(made, known[0].hours[0].day.isoformat(), known[0].hours[-1].day.isoformat())
    with (
        made.worker("analysis", in_the_way=in_the_way) as analysis,
        made.worker("export", in_the_way=in_the_way) as export,
        _Ladder(made.redis_url, numbers) as ladder,
    ):
        # The numeric libraries are loaded by the first stage.
        until(lambda: ladder.stages > 0, deadline_s=240)
        yield _Work((analysis, export))


class _Ladder:
    """Stages one after the other, until the block ends; `stages` counts those that are over."""

    def __init__(self, redis_url: str, numbers: Sequence[int]) -> None:
        self.stages = 0
        self._redis_url, self._numbers = redis_url, numbers
        self._over = Event()
        self._thread = Thread(target=self._climb, name="ladder")

    def __enter__(self) -> "_Ladder":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _climb(self) -> None:
        with contextlib.closing(make_celery(self._redis_url)) as celery, connect(self._redis_url) as redis:
            dispatch = CeleryDispatch(lambda: celery)
            for begin in range(0, len(self._numbers), JOBS_OF_A_STAGE):
                day = market().window_of(datetime.now(UTC)).day
                self._do(redis, "export", partial(dispatch.export_session, market().name, day))
                for number in self._numbers[begin : begin + JOBS_OF_A_STAGE]:
                    self._do(redis, "analysis", partial(dispatch.run_job, number, urgent=True))
                self.stages += 1

    def _do(self, redis: Redis, queue: str, send: Callable[[], None]) -> None:
        before = redis.get(keys.pulse(queue))
        if not self._over.is_set():
            send()
        while not self._over.wait(LOOK_EVERY_S) and redis.get(keys.pulse(queue)) == before:
            pass


def _ask(made: Rig, start: str, end: str) -> list[int]:
    asked = {"symbols": SYMBOLS, "start_date": start, "end_date": end}
    engine = create_engine(made.database_url)
    with Session(engine) as session, session.begin():
        numbers = [
            submit(
                session,
                market(),
                JobRequest.model_validate({**asked, "parameters": {"equity": 50_000 + number}}),
                datetime.now(UTC),
                requested_by=PREMARKET,
            ).job.id
            for number in range(JOBS)
        ]
    engine.dispose()
    return numbers


def _window(url: str, clients: int, seconds: float) -> Latency:
    with Listeners(url, clients, NOTED, WARM_UP_S) as listeners:
        time.sleep(WARM_UP_S + seconds)
        seen = listeners.end()
    return measure_of("publish to SSE client", seen.latencies, MOST)


def show(runs: Sequence[LadderRun]) -> Table:
    """The runs as a table."""
    table = Table(
        "analysis and export", "idle p99 ms", "at work p99 ms", "ratio", "most", "pairs", "cores", "",
        title="From the publisher to SSE clients while analyses and exports run",
    )  # fmt: skip
    for run in runs:
        figures = (f"{run.idle_ms:,.1f}", f"{run.busy_ms:,.1f}", f"{run.ratio:.2f}", f"{MOST:.2f}")
        told = " ".join(f"{idle:,.0f}/{busy:,.0f}" for idle, busy in run.pairs)
        table.add_row(run.name, *figures, told, f"{run.cores:.2f}", "pass" if run.passed else "FAIL")
    return table


def main() -> int:
    """Print the table; 1 when the work is in the way."""
    parser = argparse.ArgumentParser(description="Measure what analyses and exports cost the live stream.")
    parser.add_argument("--rate", type=float, default=2000, help="quotes a second")
    parser.add_argument("--clients", type=int, default=100, help="SSE clients")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a window, after a warm-up")
    parser.add_argument("--pairs", type=int, default=4, help="windows of each kind")
    parser.add_argument("--compare", action="store_true", help="also without niceness and bounded threads")
    asked = parser.parse_args()
    runs = []
    for in_the_way in (False, True) if asked.compare else (False,):
        with tempfile.TemporaryDirectory() as name:
            figures = (asked.rate, asked.clients, asked.seconds, asked.pairs)
            runs.append(measure_ladder(Path(name), *figures, in_the_way=in_the_way))
    Console(width=None if sys.stdout.isatty() else 140).print(show(runs))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(*(line for run in runs for line in run.faults()), sep="\n")
    return int(not runs[0].passed)


if __name__ == "__main__":
    sys.exit(main())
