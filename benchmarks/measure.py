"""Measuring a thing against its limit: alternating runs, medians, and the memory peak of a process of its own."""

import multiprocessing
import re
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNS = 5


@dataclass(frozen=True)
class Measure:
    """`ratio` is the median over runs of limit time / our time; rates in rows/s; `peak_rss_mb` of our process.

    An `aim` of 0 is none; `most_mb` is what the peak may be, None where any will do.
    """

    name: str
    ratio: float
    aim: float
    runs: int
    rows_per_s: float
    limit_rows_per_s: float
    limit: str
    peak_rss_mb: float | None = None
    most_mb: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the aim is reached with no more memory than allowed."""
        is_small = self.most_mb is None or (self.peak_rss_mb is not None and self.peak_rss_mb <= self.most_mb)
        return self.ratio >= self.aim and is_small


def compare(
    name: str,
    rows: int,
    ours: Callable[[], object],
    limit: Callable[[], object],
    *,
    aim: float,
    limit_name: str,
    between: Callable[[], object] = lambda: None,
    runs: int = RUNS,
    peak_rss_mb: float | None = None,
) -> Measure:
    """Run limit and ours in turn, `between` before each, once unmeasured and then `runs` times."""
    times: list[tuple[float, float]] = []
    for _ in range(runs + 1):
        between()
        limit_s = timed(limit)
        between()
        times.append((limit_s, timed(ours)))
    measured = times[1:]
    ratio = statistics.median(limit_s / ours_s for limit_s, ours_s in measured)
    ours_s = statistics.median(ours_s for _, ours_s in measured)
    limit_s = statistics.median(limit_s for limit_s, _ in measured)
    return Measure(name, ratio, aim, runs, rows / ours_s, rows / limit_s, limit_name, peak_rss_mb)


def timed(run: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def peak_of(target: Callable[..., object], *arguments: Any) -> float:
    """The peak resident memory, in MB, of a fresh process that makes this call."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.SimpleQueue()
    process = context.Process(target=_measured, args=(results, target, arguments))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{target} failed in its own process")
    return float(results.get())


def own_peak_mb() -> float:
    """The peak resident memory of this process, in MB."""
    # ru_maxrss survives exec on Linux and would show the parent's peak; VmHWM does not.
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)


def _measured(results: Any, target: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    target(*arguments)
    results.put(own_peak_mb())
