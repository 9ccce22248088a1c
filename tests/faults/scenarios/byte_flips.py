"""Bytes of the lake's files that change on the disk: each is noticed before anything is made of the file."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import Conflict
from app.export.bars import generate_bars
from app.export.merging import merge_day
from app.export.ticks import export_day
from app.history.bars import BarRange, read_bars
from app.history.ticks import read_ticks
from app.lake.layout import BARS, TICKS
from app.lake.manifest import list_files, verify_file
from app.lake.models import LakeFile
from app.market.sessions import Session as Hours
from app.operations.retention import purge_days
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial

SYMBOLS = ("ES", "GC", "NQ")
TICKS_EACH = 3_000
# Reading waits half a second for a file that is being replaced, so not every flip can be read over.
READ_EVERY = 10
LATE_TICKS = 500
BREAK_AT_COMMIT = """
CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'as planned'; END $$;
CREATE CONSTRAINT TRIGGER breaking AFTER UPDATE ON lake_files DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION break()
"""
Check = Callable[[LakeFile], object]


@dataclass
class Guards:
    """Everything that may use a file of the lake, as calls that must refuse a damaged one with Conflict."""

    own: World

    @property
    def hours(self) -> Hours:
        """The session of the day."""
        found = self.own.stores.market.session(DAY)
        assert found is not None
        return found

    def verify(self, row: LakeFile) -> object:
        """What `flask verify-lake` asks."""
        return verify_file(self.own.stores.lake, row)

    def purge(self, _row: LakeFile) -> object:
        """What retention asks."""
        [purge] = purge_days(self.own.stores, [DAY], LATER)
        if purge.reason:
            raise Conflict(purge.reason)
        return purge.state

    def make_bars(self, row: LakeFile) -> object:
        """What the export of bars asks."""
        return generate_bars(
            self.own.sessions, self.own.stores.lake, self.own.stores.markets, DAY, LATER, symbols={row.symbol}
        )

    def read_ticks(self, row: LakeFile) -> pa.Table:
        """What `GET /api/ticks` asks."""
        stores = self.own.stores
        with stores.sessions() as session:
            return read_ticks(session, stores.lake, stores.market, row.symbol, self.hours.open, self.hours.close)

    def read_bars(self, row: LakeFile) -> pa.Table:
        """What `GET /api/bars` asks."""
        stores = self.own.stores
        wanted = BarRange(row.symbol, row.timeframe or "1m", self.hours.open, self.hours.close, LATER)
        with stores.sessions() as session:
            return read_bars(session, stores.lake, stores.markets, wanted)


def play(trial: Trial) -> Outcome:
    """Flips while the day is in PostgreSQL as well, after it has left, and in what a broken merge left unrecorded."""
    flips, chance = trial.pick(32, 1_000), random.Random(20251009)
    with world(trial) as own:
        guards = Guards(own)
        for symbol in SYMBOLS:
            fill_day(own.sessions, symbol, TICKS_EACH)
        export_day(own.sessions, own.stores.lake, DAY, LATER)
        generate_bars(own.sessions, own.stores.lake, own.stores.markets, DAY, LATER)
        ticks, bars = _files(own, TICKS), _files(own, BARS)
        counts: Counter[str] = Counter()
        before = [guards.read_ticks(row) for row in ticks]
        wrong = _flip(own, ticks, flips // 2, chance, counts, [guards.verify, guards.purge, guards.make_bars], [])
        trial.say(f"{counts['flips']:,} flips while the day is in PostgreSQL: {counts['noticed']:,} noticed")
        wrong += _flip(own, bars, flips // 4, chance, counts, [guards.verify], [guards.read_bars])
        guards.purge(ticks[0])
        ticks = _files(own, TICKS)
        rest = flips - flips // 2 - flips // 4
        checks: list[Check] = [guards.verify, guards.make_bars]
        wrong += _flip(own, ticks, rest // 2, chance, counts, checks, [guards.read_ticks])
        wrong += [] if before == [guards.read_ticks(row) for row in ticks] else ["the sound files read otherwise"]
        for symbol in SYMBOLS:
            fill_day(own.sessions, symbol, TICKS_EACH + LATE_TICKS, first=TICKS_EACH + 1)
        before = [guards.read_ticks(row) for row in ticks]
        _break_merge(own)
        wrong += _flip(own, ticks, rest - rest // 2, chance, counts, checks, [guards.read_ticks])
        wrong += [] if before == [guards.read_ticks(row) for row in ticks] else ["the merged files read otherwise"]
    shown = {"files": len(ticks) + len(bars), "flips": counts["flips"], "noticed": counts["noticed"]}
    return Outcome(shown | {"refusals": counts["refusals"]}, wrong[:5])


def _files(own: World, kind: str) -> list[LakeFile]:
    with own.sessions() as session:
        return list_files(session, DAY, DAY + timedelta(days=1), kind)


def _break_merge(own: World) -> None:
    with own.sessions.begin() as session:
        session.execute(text(BREAK_AT_COMMIT))
    try:
        merge_day(own.sessions, own.stores.lake, DAY, LATER)
    except DBAPIError:
        pass
    else:
        raise AssertionError("the merge was to break")
    with own.sessions.begin() as session:
        session.execute(text("DROP FUNCTION break CASCADE"))


def _flip(
    own: World,
    files: list[LakeFile],
    flips: int,
    chance: random.Random,
    counts: Counter[str],
    always: list[Check],
    sometimes: list[Check],
) -> list[str]:
    wrong: list[str] = []
    for number in range(flips):
        row = chance.choice(files)
        path = own.stores.lake.root / row.path
        with flipped(path, chance.randrange(path.stat().st_size), chance.randrange(1, 256)) as offset:
            checks = always + (sometimes if number % READ_EVERY == 0 else [])
            blind = [check.__name__ for check in checks if not _refuses(check, row)]
        counts.update(flips=1, noticed=not blind, refusals=len(checks) - len(blind))
        wrong += [f"{name} took {path.name} of {row.symbol} with another byte {offset}" for name in blind]
    for row in files:
        verify_file(own.stores.lake, row)
    return wrong


def _refuses(check: Check, row: LakeFile) -> bool:
    try:
        check(row)
    except Conflict:
        return True
    return False


@contextmanager
def flipped(path: Path, offset: int, bits: int) -> Iterator[int]:
    """Some bits of a file's byte are the opposite while the block runs; gives the byte's place."""
    _flip_bits(path, offset, bits)
    try:
        yield offset
    finally:
        _flip_bits(path, offset, bits)


def _flip_bits(path: Path, offset: int, bits: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ bits]))


BYTE_FLIPS = Scenario("byte-flips", play, limit_s=400)
