"""Late ticks of a purged day: put into the day's files, and out of the database, in one step."""

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
from sqlalchemy.orm import Session, sessionmaker

from app.errors import Conflict, NotFound, Unavailable
from app.export.alignment import Merge
from app.export.conflicts import ConflictSpool, save_conflicts
from app.export.retiring import Deed, retire_day
from app.history.hot_ticks import stream_ticks
from app.lake.facts import FileFacts
from app.lake.files import Draft, draft
from app.lake.inspection import check_place, inspect_file, labels_of, read_batches
from app.lake.layout import TICKS, Lake
from app.lake.locks import LOCK_WAIT_S, files_lock
from app.lake.manifest import check_bytes, find_file, mark_purged, record_file, time_after_bars
from app.lake.models import LakeFile
from app.lake.schemas import TICK_FILE
from app.lake.seals import BLANK, MERGED_FROM, SEAL, replaces
from app.ledger.duplicates import add_duplicates
from app.ticks.partitions import require_partition
from app.ticks.reading import StoredTicks, describe_day

Sessions = sessionmaker[Session]
# A label of a merged file: how many rows by source the file had that it replaces.
ROWS_BEFORE: Final = "rows_before"


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a symbol's `late` ticks: `added` to its file, or in conflict with it; the others were there.

    `facts` are those of the new file, None when the old one stands.
    """

    symbol: str
    late: int
    added: int
    conflicts: int
    facts: FileFacts | None


def merge_day(
    sessions: Sessions, lake: Lake, day: date, now: datetime, lock_wait_s: float = LOCK_WAIT_S
) -> list[Merged]:
    """Bring the stored ticks of a purged day into its files and drop them from the database; by symbol.

    Files and database change together, also when this is killed: then the next run completes it. Ticks that a file
    has already count as duplicates; those that contradict it become dead letters. PartitionAbsent when nothing is
    stored, because none came or another process has merged them; Conflict when a file is damaged or gone, when another
    process writes one, or when more ticks come meanwhile; Unavailable when disk or database fail.
    """
    symbols = _late_ticks(sessions, day).keys()
    with files_lock(sessions, day, symbols, lock_wait_s) as still_held, ExitStack() as drafts:
        late = _late_ticks(sessions, day)
        if late.keys() - symbols:
            raise Conflict(f"ticks of {day} were stored meanwhile: run it again")
        with sessions() as session:
            now = time_after_bars(session, day, late, now)
        pieces = [drafts.enter_context(_merging(sessions, lake, day, symbol, now)) for symbol in late]
        retire_day(sessions, day, late, _deed(lake, day, now, pieces, still_held))
    return [piece.outcome for piece in pieces]


def _late_ticks(sessions: Sessions, day: date) -> dict[str, StoredTicks]:
    with sessions() as session:
        require_partition(session, day)
        return describe_day(session, day)


@dataclass(frozen=True, slots=True)
class _Base:
    """What the late ticks are added to; `rows` by source are those that the manifest vouches for, None: all."""

    path: Path | None
    rows: Counter[str] | None = None

    def batches(self) -> Iterable[pa.RecordBatch]:
        return read_batches(self.path) if self.path else ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A symbol's merged file, in waiting."""

    symbol: str
    merge: Merge
    before: Counter[str]
    clashes: ConflictSpool
    draft: Draft
    row: LakeFile | None

    @property
    def outcome(self) -> Merged:
        added = self.merge.after.total() - self.before.total()
        facts = self.draft.facts if self.is_new else None
        return Merged(self.symbol, self.merge.late.total(), added, self.merge.conflicts.total(), facts)

    @property
    def is_new(self) -> bool:
        return self.row is None or self.merge.after.total() != self.row.rows

    @property
    def known(self) -> Counter[str]:
        added = self.merge.after - self.before
        return self.merge.late - added - self.merge.conflicts

    def put(self) -> None:
        if self.is_new:
            self.draft.put()


@contextmanager
def _merging(sessions: Sessions, lake: Lake, day: date, symbol: str, now: datetime) -> Iterator[_Piece]:
    with sessions() as session:
        row = find_file(session, TICKS, day, symbol)
    target = lake.ticks_file(day, symbol)
    base = _base(lake, row, target, day, symbol)

    def labels() -> dict[str, str]:
        before = merge.before if base.rows is None else base.rows
        return {MERGED_FROM: row.sha256 if row else "", ROWS_BEFORE: json.dumps(before), SEAL: BLANK}

    with closing(ConflictSpool(lake.staging)) as clashes, closing(_late(sessions, day, symbol)) as late:
        merge = Merge(clashes.add)
        written = draft(
            lake,
            target,
            TICK_FILE,
            merge.run(base.batches(), late),
            day=day,
            symbol=symbol,
            taken_at=now,
            labels=labels,
        )
        with written as new:
            _check(sessions, new, merge, day, symbol)
            yield _Piece(symbol, merge, merge.before if base.rows is None else base.rows, clashes, new, row)


def _base(lake: Lake, row: LakeFile | None, path: Path, day: date, symbol: str) -> _Base:
    if row is not None:
        try:
            check_bytes(lake, row)
        except NotFound as error:
            raise Conflict(str(error)) from None
        if not replaces(path, row.sha256):
            return _Base(path)
    elif not path.is_file() or not _is_sound(path, day, symbol):
        return _Base(None)
    elif labels_of(path).get(MERGED_FROM) != "":
        return _Base(path)
    # A merge was killed after it had put this file in its place and before the manifest knew.
    return _Base(path, Counter(json.loads(labels_of(path)[ROWS_BEFORE])))


def _is_sound(path: Path, day: date, symbol: str) -> bool:
    try:
        check_place(path, day, symbol)
        inspect_file(path, TICK_FILE)
    except Conflict:
        return False  # Nobody vouches for it and nobody can read it: nothing worth keeping.
    return True


def _late(sessions: Sessions, day: date, symbol: str) -> Generator[pa.RecordBatch]:
    with sessions() as session:
        yield from stream_ticks(session, day, symbol)


def _check(sessions: Sessions, new: Draft, merge: Merge, day: date, symbol: str) -> None:
    again = Merge()
    with closing(_late(sessions, day, symbol)) as late:
        for _batch in again.run(read_batches(new.path), late):
            continue
    if not (again.before == again.after == merge.after and again.late == merge.late):
        raise Unavailable(f"the merged file of {symbol} on {day} lacks ticks when it is read back: run it again")


def _deed(lake: Lake, day: date, now: datetime, pieces: list[_Piece], still_held: Callable[[], None]) -> Deed:
    def prepare(session: Session) -> None:
        save_conflicts(session, day, chain.from_iterable(piece.clashes.rows() for piece in pieces), now)

    def note(session: Session) -> None:
        for piece in pieces:
            if piece.is_new:
                path = lake.relative(piece.draft.target)
                record_file(session, TICKS, day, piece.symbol, path, piece.draft.facts, now)
            add_duplicates(session, {(source, piece.symbol, day): count for source, count in piece.known.items()})
        mark_purged(session, day, [piece.symbol for piece in pieces], now)

    def finish(_session: Session) -> None:
        still_held()
        for piece in pieces:
            piece.put()

    return Deed(prepare, note, finish)
