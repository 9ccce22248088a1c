"""`make load`: what the two live collectors cost side by side, `ARGS="--minutes 1 --rate 500"`.

Both run as `flask excel-to-redis` and `flask schwab-to-redis` do for a user, on servers as durable as in production,
beside an ingestor. Schwab is the stand-in of the tests, a process of its own that changes the top of a book so often;
Excel is a recording of a sheet in which as many rows change. For each collector: its share of one core, its memory at
the start and at the end, and its lag, which is the time from receiving an update to the entry in the stream. For Schwab
there is also the time from the stand-in's own stamp, which has whole milliseconds.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from app.bus import keys
from app.bus.connection import connect
from app.bus.groups import group_state
from app.collectors.feeds import STREAMING
from app.instruments.catalogue import CATALOGUE
from benchmarks.processes import Rig, plain_environment, rig
from tests.servers import ROOT
from tests.waiting import until

FRAMES_PER_S = 10
WARM_UP_S = 5.0
HEADER = ["Symbol", "Last", "Bid", "Ask", "Last Size", "Bid Size", "Ask Size", "Volume"]
COMMANDS = {"EXCEL": "excel-to-redis", "SCHWAB": "schwab-to-redis"}


@dataclass
class Lags:
    """Milliseconds from receiving to publishing, and from the source's stamp, by source."""

    published: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    stamped: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True)
class Cost:
    """What a collector took over the time looked at."""

    source: str
    quotes: int
    cpu_share: float
    first_mb: float
    last_mb: float


def record_sheet(path: Path, rate: float, seconds: float) -> int:
    """Write frames of a sheet in which `rate` rows change every second; returns how many rows it has."""
    rows = max(1, round(rate / FRAMES_PER_S))
    names = [f"/{symbol}" for symbol in CATALOGUE][:rows]
    names += [f"S{number:02}" for number in range(rows - len(names))]
    chance = random.Random(7)
    prices = [100.0 + number for number in range(rows)]
    volumes = [0] * rows
    with path.open("w", encoding="utf-8") as file:
        for frame in range(int(seconds * FRAMES_PER_S)):
            cells: list[list[object]] = [list(HEADER)]
            for row, name in enumerate(names):
                prices[row] += chance.choice((-1.0, 1.0))
                volumes[row] += chance.randint(1, 5)
                last = prices[row]
                cells.append([name, last, last - 1, last + 1, 1.0, 5.0, 7.0, float(volumes[row])])
            file.write(json.dumps({"at": frame / FRAMES_PER_S, "rows": cells}) + "\n")
    return rows


@contextlib.contextmanager
def schwab_stand_in(folder: Path, rate: float) -> Iterator[dict[str, str]]:
    """A stand-in that feeds itself, until the block ends; gives the settings that lead a collector to it."""
    token = folder / "token.json"
    symbols = [symbol for symbol in CATALOGUE if symbol not in ("VX", "DX")]
    command = [sys.executable, "-m", "tests.schwab", "--rate", str(rate), "--symbols", ",".join(symbols)]
    log = folder / "stand-in.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--token-file", str(token)],
            cwd=ROOT,
            env=plain_environment() | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: process.poll() is not None or token.exists())
        until(lambda: process.poll() is not None or "SCHWAB_API_URL" in log.read_text())
        if process.poll() is not None:
            raise RuntimeError(f"the stand-in ended:\n{log.read_text()[-2000:]}")
        told = [line.removeprefix("export ").partition("=") for line in log.read_text().splitlines()]
        settings = {name: value.strip("'\"") for name, _, value in told if name.startswith("SCHWAB_")}
        yield settings | {"SCHWAB_TOKEN_FILE": str(token), "SCHWAB_SYMBOLS": ",".join(symbols)}
    finally:
        process.terminate()
        process.wait(15)


@contextlib.contextmanager
def collector(place: Rig, source: str, settings: Mapping[str, str]) -> Iterator[psutil.Process]:
    """A collector's process, until the block ends."""
    log = place.folder / f"{source}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", COMMANDS[source]],
            cwd=ROOT,
            env=place.environment | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        with connect(place.redis_url) as client:
            until(lambda: process.poll() is not None or client.hget(keys.health(source), "feed") == STREAMING, 60)
        if process.poll() is not None:
            raise RuntimeError(f"flask {COMMANDS[source]} ended:\n{log.read_text()[-2000:]}")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def follow(redis_url: str, stop: Event, lags: Lags) -> None:
    """Note the lag of every entry of the stream until `stop` is set."""
    with connect(redis_url) as client:
        after = "$"
        while not stop.is_set():
            for _, entries in client.xread({keys.STREAM: after}, count=1000, block=200) or ():
                for entry_id, fields in entries:
                    after = entry_id
                    at_ms = int(entry_id.partition("-")[0])
                    lags.published[fields["source"]].append(at_ms - _ms(fields["recv_ts"]))
                    lags.stamped[fields["source"]].append(at_ms - _ms(fields["ts"]))


def measure(folder: Path, minutes: float, rate: float) -> tuple[list[Cost], Lags, list[str]]:
    """Run both so long at that rate each; what they took, their lags, and remarks."""
    seconds, lags, stop = minutes * 60, Lags(), Event()
    record_sheet(folder / "sheet.jsonl", rate, seconds + 60)
    excel = {"EXCEL_DATA_FILE": str(folder / "sheet.jsonl"), "DATA_PROVIDER": "excel_recorded", "EXCEL_POLL_MS": "50"}
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(rig(folder))
        settings = {"EXCEL": excel, "SCHWAB": stack.enter_context(schwab_stand_in(folder, rate))}
        ingestor = stack.enter_context(place.ingestor())
        running = {source: stack.enter_context(collector(place, source, settings[source])) for source in COMMANDS}
        time.sleep(WARM_UP_S)
        follower = Thread(target=follow, args=(place.redis_url, stop, lags))
        follower.start()
        before = {source: _spent(process) for source, process in running.items()}
        began, ingested = time.monotonic(), _spent(ingestor)[0]
        time.sleep(seconds)
        took = time.monotonic() - began
        after = {source: _spent(process) for source, process in running.items()}
        stop.set()
        follower.join()
        with connect(place.redis_url) as client:
            health = {source: client.hgetall(keys.health(source)) for source in COMMANDS}
            behind = group_state(client).behind
        busy = _spent(ingestor)[0] - ingested
    costs = [
        Cost(
            source,
            len(lags.published[source]),
            (after[source][0] - before[source][0]) / took,
            before[source][1],
            after[source][1],
        )
        for source in COMMANDS
    ]
    told = [f"{source}: {figures}" for source, figures in health.items()]
    return costs, lags, [f"ingest: {behind} entries behind, {busy / took:.2f} of a core", *told]


def show(costs: list[Cost], lags: Lags, took_s: float) -> Table:
    """The costs and lags as a table."""
    names = (
        "source",
        "quotes/s",
        "core",
        "MB first",
        "MB last",
        "lag p50 ms",
        "p99",
        "greatest",
        "from stamp p50",
        "p99",
    )
    table = Table(*names, title="Two live collectors side by side")
    for cost in costs:
        own = np.percentile(lags.published[cost.source] or [np.nan], (50, 99, 100))
        stamped = np.percentile(lags.stamped[cost.source] or [np.nan], (50, 99))
        shares = (
            f"{cost.quotes / took_s:,.0f}",
            f"{cost.cpu_share:.2f}",
            f"{cost.first_mb:.0f}",
            f"{cost.last_mb:.0f}",
        )
        table.add_row(cost.source, *shares, *(f"{value:.1f}" for value in (*own, *stamped)))
    return table


def _spent(process: psutil.Process) -> tuple[float, float]:
    times = process.cpu_times()
    return times.user + times.system, process.memory_info().rss / 1e6


def _ms(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp() * 1000


def main() -> int:
    """Print the table; 1 when a collector brought nothing."""
    parser = argparse.ArgumentParser(description="Measure both live collectors side by side.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=500.0, help="updates a second of each source")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        costs, lags, remarks = measure(Path(name), asked.minutes, asked.rate)
    Console(width=None if sys.stdout.isatty() else 140).print(show(costs, lags, asked.minutes * 60))
    print(*remarks, f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", sep="\n")
    return int(not all(cost.quotes for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
