"""A byte of an exported file flips before the day leaves PostgreSQL: it must stay, until the file is whole again."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from tests.factories import DAY
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.processes import flask_command, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial

EXIT_REFUSED = 3
COMMAND_S = 120


def play(trial: Trial) -> Outcome:
    """Flip a byte, ask for the purge, flip it back; in the end the day goes, and all of it is in the lake."""
    flips = trial.pick(1, 30)
    ledger = Ledger(trial.directory / "ledger", trial.pick(6_000, 60_000))
    chance = random.Random(20251009)
    wrong: list[str] = []
    refused = 0
    with world(trial) as own:
        _fill(own, ledger)
        files = sorted((own.stores.lake.root / "ticks").glob(f"date={DAY}/*/ticks.parquet"))
        for number in range(flips):
            path = chance.choice(files)
            with _Flipped(path, chance.randrange(path.stat().st_size)) as where:
                code = _run(own, f"purge-{number}", "purge-ticks", f"--date={DAY}")
                refused += code == EXIT_REFUSED
                gone = len(_acked(ledger) - _readable(own, files))
            wrong += (
                [f"with byte {where} of {path.name} flipped, {gone:,} ticks are gone (exit {code})"] if gone else []
            )
        kept = audit(own.sessions, ledger).wrong() if refused == flips else []
        code = _run(own, "purge", "purge-ticks", f"--date={DAY}")
        lost = len(_acked(ledger) - _readable(own, files))
        left = own.stored()
    wrong += kept + ([f"{lost:,} ticks are gone after the purge"] if lost else [])
    wrong += [f"{flips - refused} of {flips} purges of a damaged day were not refused"] if refused < flips else []
    wrong += [f"the purge of the sound day ended with {code}"] if code else []
    shown = {"ticks": ledger.size, "flips": flips, "refused": refused, "lost": lost, "left in PostgreSQL": left}
    return Outcome(shown, wrong)


class _Flipped:
    """One bit of a file is another for the length of the block."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path, self._offset = path, offset

    def __enter__(self) -> int:
        self._flip()
        return self._offset

    def __exit__(self, *_error: object) -> None:
        self._flip()

    def _flip(self) -> None:
        with self._path.open("r+b") as file:
            file.seek(self._offset)
            byte = file.read(1)[0]
            file.seek(self._offset)
            file.write(bytes([byte ^ 0x10]))


def _fill(own: World, ledger: Ledger) -> None:
    with feeding(Feed(source_publisher(own.stores.redis), ledger)) as feed:
        feed.allow(ledger.size)
        feed.wait()
    with victim(own, [*ingest_command("one"), "--drain"], "one") as one:
        one.start()
        assert one.wait(COMMAND_S) == 0, one.log_end()
    assert _run(own, "export", "export-to-parquet", f"--date={DAY}") == 0


def _run(own: World, name: str, *words: str) -> int:
    with victim(own, flask_command(*words), name) as process:
        process.start()
        return process.wait(COMMAND_S)


def _acked(ledger: Ledger) -> set[int]:
    return {int(index) for index in ledger.acked.nonzero()[0]}


def _readable(own: World, files: list[Path]) -> set[int]:
    with own.sessions() as session:
        found = set(session.scalars(text("SELECT volume FROM ticks")))
    for path in files:
        try:
            table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
        except (pa.ArrowException, OSError):
            continue
        found |= set(table["volume"].to_pylist())
    return found


DAMAGED_PURGE = Scenario("damaged-purge", play, limit_s=300)
