"""kill -9 of the exporter at random points of its work, while readers query the lake without a pause."""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from app.errors import ThorError
from app.lake.layout import TICKS, Lake
from app.lake.manifest import find_file, verify_file
from app.lake.query import connect
from tests.faults.harness.filling import DAY, fill_day
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

SYMBOLS = ("ES", "GC", "NQ")
NEXT_DAY = DAY.replace(day=DAY.day + 1)
COMMAND = [sys.executable, "-m", "flask", "export-to-parquet", "--date", str(DAY)]
EVERYTHING = "SELECT symbol, count(*), sum(seq), max(volume) FROM read_parquet(?) GROUP BY symbol ORDER BY symbol"
GROWS_EVERY = 3
DEADLINE_S = 120.0
PAUSE_S = 0.02  # So that the exporter gets its turn on two cores.


class Readers:
    """Threads that ask, as anyone would, for all files of the lake by their names, and by Thor's own sandbox.

    Ticks have `seq` and `volume` from 1 to n, so that one that is missing, twice, or of half a file shows in the sums.
    """

    def __init__(self, lake: Lake, growing: set[int]) -> None:
        self.answers, self.errors = 0, list[str]()
        self._lake, self._sizes, self._over = lake, growing, threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(ask,)) for ask in (self._by_glob, self._by_thor)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask until the block ends."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _ask(self, ask: Callable[[], Iterable[tuple[str, int, int, int]]]) -> None:
        while not self._over.wait(PAUSE_S):
            try:
                for symbol, count, total, last in ask():
                    if count not in self._sizes or total != count * (count + 1) // 2 or last != count:
                        self.errors.append(f"{symbol} has {count} ticks, up to {last}, with the sum {total}")
            except (duckdb.Error, ThorError, OSError) as error:
                self.errors.append(f"{type(error).__name__}: {str(error)[:200]}")
            self.answers += 1

    def _by_glob(self) -> list[tuple[str, int, int, int]]:
        with duckdb.connect(config={"threads": 1}) as connection:
            return connection.execute(EVERYTHING, [f"{self._lake.root}/**/*.parquet"]).fetchall()

    def _by_thor(self) -> list[tuple[str, int, int, int]]:
        with connect(self._lake, threads=1) as connection:
            files = [str(file.path) for file in self._lake.ticks_files(DAY, NEXT_DAY)]
            return connection.execute(EVERYTHING, [files]).fetchall() if files else []


def play(trial: Trial) -> Outcome:
    """Export once, kill one export after another, and have a last one end the work."""
    kills, ticks = trial.pick(4, 100), trial.pick(30_000, 150_000)
    with world(trial) as own, victim(own, COMMAND, "exporter") as resumed:
        for symbol in SYMBOLS:
            fill_day(own.sessions, symbol, ticks)
        longest_s = _exported(own, resumed)
        sizes = {ticks}
        readers = Readers(own.stores.lake, sizes)
        with readers.asking():
            met = _kill(own, trial, kills, ticks, sizes, longest_s)
            resumed.start()
            code = resumed.wait(DEADLINE_S)
            trial.say(f"{kills} kills, {met} of them in the middle of a file; the last export ended with {code}")
            wrong = [f"the last export ended with {code}: {resumed.log_end()}"] if code else []
            wrong += _unsound(own, "after the last export")
        wrong += _overwritten(own, max(sizes))
    wrong += readers.errors[:5]
    shown = {"kills": kills, "in a file": met, "readers' answers": readers.answers, "errors": len(readers.errors)}
    return Outcome(shown, wrong + (["no kill met the exporter in a file"] if not met else []))


def _exported(own: World, exporter: Victim) -> float:
    exporter.start()
    until(lambda: _drafts(own.stores.lake), DEADLINE_S)
    began = time.monotonic()
    until(lambda: not exporter.is_alive(), DEADLINE_S)
    assert exporter.wait(1) == 0, exporter.log_end()
    return time.monotonic() - began


def _kill(own: World, trial: Trial, kills: int, ticks: int, sizes: set[int], longest_s: float) -> int:
    chance, met = random.Random(20251009), 0
    with victim(own, [*COMMAND, "--overwrite"], "killed") as process:
        for number in range(1, kills + 1):
            if number % GROWS_EVERY == 0:
                _grow(own, sizes)
            process.start()
            until(lambda: _drafts(own.stores.lake) or not process.is_alive(), DEADLINE_S)
            time.sleep(chance.uniform(0, longest_s))
            process.kill()
            met += bool(_drafts(own.stores.lake))
            if number % 20 == 0:
                trial.say(f"{number} kills, {met} in a file")
    return met


def _grow(own: World, sizes: set[int]) -> None:
    size = max(sizes) + 1
    sizes.add(size)
    for symbol in SYMBOLS:
        fill_day(own.sessions, symbol, size, first=size)


def _overwritten(own: World, size: int) -> list[str]:
    with victim(own, [*COMMAND, "--overwrite"], "last") as last:
        last.start()
        code = last.wait(DEADLINE_S)
    counts = {symbol: _count(own.stores.lake.ticks_file(DAY, symbol)) for symbol in SYMBOLS}
    wrong = [] if not code and set(counts.values()) == {size} else [f"overwriting ended with {code} and {counts}"]
    return wrong + _unsound(own, "after overwriting")


def _unsound(own: World, when: str) -> list[str]:
    wrong = [f"{when} {path.name} is left" for path in _drafts(own.stores.lake)]
    wrong += [f"{when} {path} lies in the lake" for path in _strangers(own.stores.lake)]
    for symbol in SYMBOLS:
        with own.sessions() as session:
            row = find_file(session, TICKS, DAY, symbol)
        try:
            assert row is not None, f"{symbol} is not recorded"
            verify_file(own.stores.lake, row)
        except (ThorError, AssertionError) as error:
            wrong.append(f"{when} {error}")
    return wrong


def _drafts(lake: Lake) -> list[Path]:
    with suppress(FileNotFoundError):
        return list(lake.staging.iterdir())
    return []


def _strangers(lake: Lake) -> list[Path]:
    expected = {lake.ticks_file(DAY, symbol) for symbol in SYMBOLS}
    return [path for path in lake.root.rglob("*") if path.is_file() and path not in expected]


def _count(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


EXPORT_KILLS = Scenario("exporter-kills", play, limit_s=600)
