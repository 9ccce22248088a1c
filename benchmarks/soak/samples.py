"""Memory, file descriptors and threads of every process, written down while it runs.

Memory is what smaps_rollup calls anonymous: what a process has made itself. Resident memory counts pages of files,
which the kernel gives and takes back, and PostgreSQL's buffers, which a setting bounds, for each process that has
touched them. Shares of pages (PSS), and those that nobody shares (USS), change when a parent or a child starts, writes
or ends, though nobody has asked for memory. Pages that a child still shares with its parent count for both here: that
makes a size too large, and leaves its growth as it is.
"""

import contextlib
import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

import psutil

from benchmarks.soak.slopes import Point

KIB: Final = 1024
WAL_FILE: Final = re.compile(r"[0-9A-F]{24}")
MEASURES: Final = ("anonymous_mb", "descriptors", "threads")


@dataclass(frozen=True)
class Sample:
    """A process at a moment of the run; `began` tells its life from that of another with the same name."""

    at_s: float
    name: str
    pid: int
    began: float
    anonymous_mb: float
    descriptors: int
    threads: int


COLUMNS: Final = tuple(one.name for one in fields(Sample))


def sample(at_s: float, leaders: dict[str, int], alone: Collection[str] = ()) -> Iterator[Sample]:
    """All these processes and those below them; children have the name of their leader and what they are.

    Of those that are `alone` the children are leaders themselves.
    """
    for name, pid in leaders.items():
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            yield from _read(at_s, name, leader)
            for child in () if name in alone else leader.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    yield from _read(at_s, f"{name}/{role_of(' '.join(child.cmdline()))}", child)


def write(path: Path, samples: Iterable[Sample]) -> None:
    """Add samples to the file, which begins with the names of its columns."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerows(astuple(one) for one in samples)


def read(path: Path) -> list[Sample]:
    """The samples of the file; a last line that was cut off is left out."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    return [
        Sample(
            float(row["at_s"]),
            row["name"],
            int(row["pid"]),
            float(row["began"]),
            float(row["anonymous_mb"]),
            int(row["descriptors"]),
            int(row["threads"]),
        )
        for row in rows
    ]


def lives(samples: Sequence[Sample], measure: str) -> dict[str, list[list[Point]]]:
    """By name, the lives with what was measured of them, in the order of time."""
    found: dict[str, dict[tuple[int, float], list[Point]]] = defaultdict(lambda: defaultdict(list))
    for one in samples:
        found[one.name][one.pid, one.began].append((one.at_s, float(getattr(one, measure))))
    return {name: list(each.values()) for name, each in found.items()}


def _read(at_s: float, name: str, process: psutil.Process) -> Iterator[Sample]:
    told = _rollup(process.pid)
    if told is None:
        return
    yield Sample(
        round(at_s, 1),
        name,
        process.pid,
        process.create_time(),
        round(told * KIB / 1e6, 3),
        process.num_fds(),
        process.num_threads(),
    )


def _rollup(pid: int) -> int | None:
    # A process that has just ended has no file any more, or an empty one.
    with contextlib.suppress(OSError, KeyError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        sizes = {line.split()[0]: line.split()[1] for line in lines if line.endswith("kB")}
        return int(sizes["Anonymous:"]) + int(sizes["Swap:"])
    return None


def role_of(title: str) -> str:
    """What a child of that command line is for: PostgreSQL's say so, all others are `child`."""
    if not title.startswith("postgres: "):
        return "child"
    # Such as `postgres: thor thor 127.0.0.1(40510) idle`, and `postgres: io worker 0`.
    if "(" in title:
        return "client"
    # `startup recovering` tells the file that it reads as well.
    return " ".join(word for word in title.split()[1:] if not WAL_FILE.fullmatch(word))
