"""Bringing files from the bucket to a lake: verified, put in their place whole, and recorded."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, sessionmaker

from app.bucket.days import BucketFile, read_day
from app.bucket.objects import Bucket
from app.bucket.owner import Ownership
from app.errors import Conflict, NotFound, Unavailable
from app.lake.facts import file_digest
from app.lake.files import received, take_in
from app.lake.layout import TICKS, Lake
from app.lake.locks import file_lock
from app.lake.manifest import find_file, mark_purged, record_file
from app.lake.schemas import FILES
from app.ticks.models import Tick

_AGAIN: Final = "see `flask lake-compare --verify`"


@dataclass(frozen=True, slots=True)
class DayPull:
    """What came of a day: the files brought here with their bytes, how many were here, and what refused."""

    day: date
    taken: tuple[str, ...] = ()
    bytes: int = 0
    kept: int = 0
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Puller:
    """Brings days from a bucket to a lake.

    With `sessions` the files are recorded in the database's manifest, which must not know others in their place, and
    are from then on the place of a day's ticks of which the database has none; without, they are files in a folder and
    nothing else. `overwrite` replaces what is different here, `adopt` goes on with the lake that the bucket has.
    """

    lake: Lake
    bucket: Bucket
    now: datetime
    sessions: sessionmaker[Session] | None = None
    symbols: Collection[str] | None = None
    overwrite: bool = False
    adopt: bool = False
    dry_run: bool = False

    def settle(self) -> None:
        """Have this lake be the bucket's, as of `Ownership.before_pull`; of a folder nothing is asked."""
        if self.sessions is not None:
            Ownership(self.sessions, self.bucket, self.now, adopt=self.adopt, dry_run=self.dry_run).before_pull()

    def pull(self, day: date) -> DayPull:
        """Bring the files of a trading day here that the lake lacks; each appears whole, after its hash was compared.

        One that is different here, recorded otherwise, or damaged in the bucket is refused and does not keep the
        others. Conflict when the day's object is damaged; Unavailable when store, disk or database fail.
        """
        known = read_day(self.bucket, day)
        files = [file for file in known.files if self._wants(file)] if known else []
        taken: list[BucketFile] = []
        refusals: list[str] = []
        for file in files:
            try:
                with self._right(day, file.symbol) as require_right:
                    if self._lacks(day, file):
                        self._take(day, file, require_right)
                        taken.append(file)
            except (Conflict, NotFound) as refusal:
                refusals.append(str(refusal))
        names = tuple(file.path for file in taken)
        kept = len(files) - len(taken) - len(refusals)
        return DayPull(day, names, sum(file.bytes for file in taken), kept, tuple(refusals))

    def _wants(self, file: BucketFile) -> bool:
        return self.symbols is None or file.symbol in self.symbols

    def _right(self, day: date, symbol: str) -> AbstractContextManager[Callable[[], None]]:
        if self.sessions is None or self.dry_run:
            return nullcontext(lambda: None)
        return file_lock(self.sessions, day, symbol)

    def _lacks(self, day: date, file: BucketFile) -> bool:
        recorded = self._recorded_hash(day, file)
        try:
            standing = file_digest(self.lake.root / file.path)
        except FileNotFoundError:
            standing = None
        except OSError as error:
            raise Unavailable(f"{file.path} cannot be read: {error.strerror}") from None
        if standing == file.sha256 and (self.sessions is None or recorded == file.sha256):
            return False
        differing = {standing, recorded} - {None, file.sha256}
        if differing and not self.overwrite:
            raise Conflict(f"{file.path} is different here, so it stays: add --overwrite to replace it")
        return True

    def _recorded_hash(self, day: date, file: BucketFile) -> str | None:
        if self.sessions is None:
            return None
        with self.sessions() as session:
            row = find_file(session, file.kind, day, file.symbol, file.timeframe)
            return row.sha256 if row else None

    def _take(self, day: date, file: BucketFile, require_right: Callable[[], None]) -> None:
        if self.dry_run:
            return
        target = self._target(day, file)
        with received(self.lake, target) as path:
            with path.open("wb") as sink:
                found = self.bucket.take(file.path, sink.write)
            if found is None:
                raise NotFound(f"{file.path} is gone from the bucket: {_AGAIN}")
            if found != file.sha256:
                raise Conflict(f"{file.path} is damaged in the bucket: {_AGAIN}")
            take_in(self.lake, path, target, FILES[file.kind], file.facts, guard=require_right)
        if self.sessions is not None:
            self._record(self.sessions, day, file)

    def _target(self, day: date, file: BucketFile) -> Path:
        if file.kind == TICKS:
            return self.lake.ticks_file(day, file.symbol)
        return self.lake.bars_file(day, file.symbol, file.timeframe)

    def _record(self, sessions: sessionmaker[Session], day: date, file: BucketFile) -> None:
        with sessions.begin() as session:
            key = (session, file.kind, day, file.symbol, file.path, file.facts)
            record_file(*key, file.written_at, file.timeframe)
            if file.kind == TICKS and not session.scalar(select(exists().where(Tick.session_date == day))):
                mark_purged(session, day, [file.symbol], self.now)
