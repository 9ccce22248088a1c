"""Making a backup: the long copies first, then one moment of tables and stream, then the proof, then the name."""

import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor
from redis import Redis

from app import VERSION
from app.backups.bus import StreamEnd, StreamTrimmed
from app.backups.lake import LakeCopier, Recorded, recorded
from app.backups.manifest import MANIFEST, SUMS, BusCopy, Lacking, Manifest, Part, TableCopy, manifest_texts
from app.backups.parts import Folder, Unpacked
from app.backups.shelf import Shelf
from app.backups.state import Places, copy_state
from app.backups.tables import SnapshotLost, copy_out, list_tables, read_sequences, revision_of, snapshot
from app.bus import keys
from app.errors import Conflict, Unavailable
from app.lake.facts import file_digest
from app.stores import Stores

log = logging.getLogger(__name__)

TRIES: Final = 5
BUS: Final = "bus/stream.resp.zst"

Counting = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Made:
    """A finished backup: where it is, what it holds, what of it cost nothing, and which old ones went."""

    folder: Path
    manifest: Manifest
    linked_bytes: int
    removed: list[str]


def make_backup(
    stores: Stores, shelf: Shelf, places: Places, counting: Counting, *, keep: int | None = None, full: bool = False
) -> Made:
    """Make a backup, prove it by reading it back, and only then give it its name and remove those beyond `keep`.

    What an earlier backup of the shelf holds as well is linked to it, unless it shall be a `full` one. Conflict when
    another backup is being made, Unavailable when a server is away or the disk is full: then nothing is left behind.
    """
    with shelf.held():
        begun_at = stores.clock.now()
        draft = shelf.begin(begun_at)
        try:
            known = [] if full else [(one.folder, one.manifest) for one in shelf.kept() if one.manifest]
            maker = _Maker(stores, Folder(draft, known), places, counting, begun_at)
            manifest = maker.make()
            folder = shelf.place(draft)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise Unavailable(f"cannot write the backup to {shelf.root}: {error.strerror or error}") from None
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        removed = shelf.remove_old(keep) if keep and not manifest.lacking else []
    return Made(folder, manifest, maker.folder.linked_bytes, removed)


@dataclass(frozen=True)
class _Moment:
    """Tables, stream and catalog as they were together."""

    at: datetime
    revision: str
    postgres: str
    tables: tuple[TableCopy, ...]
    sequences: dict[str, tuple[int, bool]]
    bus: BusCopy
    lake: tuple[Part, ...]
    lacking: tuple[Lacking, ...]


@dataclass
class _Maker:
    stores: Stores
    folder: Folder
    places: Places
    counting: Counting
    begun_at: datetime
    copier: LakeCopier = field(init=False)

    def __post_init__(self) -> None:
        self.copier = LakeCopier(self.stores.lake, self.folder)

    def make(self) -> Manifest:
        # The spool before the stream, to which its quotes go: in between they are in both, and count once.
        state = copy_state(self.places, self.folder)
        self._copy_lake(self._recorded_now())
        redis = self.stores.connect_redis(text=False)
        try:
            moment, server = self._moment(redis), _redis_version(redis)
        finally:
            redis.close()
        manifest = self._manifest(moment, tuple(state), server)
        self._prove(manifest)
        self._write(manifest)
        return manifest

    def _recorded_now(self) -> list[Recorded]:
        with snapshot(self.stores.sessions) as cursor:
            return recorded(cursor)

    def _copy_lake(self, files: list[Recorded]) -> None:
        with self.counting("Files of the lake", len(files)) as count:
            self.copier.copy(files, count)

    def _moment(self, redis: Redis) -> _Moment:
        for left in reversed(range(TRIES)):
            known = self.copier.lacking
            try:
                with ExitStack() as stack:
                    cursor, bus = self._together(redis, stack)
                    files = recorded(cursor)
                    self.copier.copy(files, lambda _one: None)
                    # What was written again since the snapshot is in the next one; what is still gone stays so.
                    if left and self.copier.lacking - known:
                        continue
                    return self._read(cursor, bus, files)
            except (SnapshotLost, StreamTrimmed) as error:
                if not left:
                    raise Conflict(f"no moment was quiet enough: {error}") from None
                log.info("another snapshot is taken: %s", error)
        raise AssertionError("the last try returns or raises")

    def _together(self, redis: Redis, stack: ExitStack) -> tuple[Cursor, BusCopy]:
        (self.folder.root / BUS).unlink(missing_ok=True)
        parts: list[Part] = []
        with self.folder.packed(BUS, parts) as packed:
            tail = StreamEnd(redis, packed.write)
            tail.read_ahead()
            cursor = stack.enter_context(snapshot(self.stores.sessions))
            commands = tail.finish()
            packed.write(b"".join(commands))
        generation: Any = redis.get(keys.GENERATION)
        return cursor, BusCopy(
            entries=tail.entries,
            first_id=tail.first_id,
            last_id=tail.last_id,
            generation=generation.decode() if generation else None,
            keys=len(commands),
            part=parts[0],
        )

    def _read(self, cursor: Cursor, bus: BusCopy, files: list[Recorded]) -> _Moment:
        at = self.stores.clock.now()
        revision = revision_of(cursor)
        if revision is None:
            raise Conflict("the database was never prepared: there is nothing to back up (`flask prepare-database`)")
        cursor.execute("SHOW server_version")
        [(postgres,)] = cursor.fetchall()
        tables = list_tables(cursor)
        with self.counting("Tables", len(tables)) as count:
            copies = []
            for table in tables:
                copies.append(copy_out(cursor, table, self.folder))
                count(1)
        lake, lacking = self.copier.settle(files)
        return _Moment(at, revision, postgres, tuple(copies), read_sequences(cursor), bus, lake, lacking)

    def _manifest(self, moment: _Moment, state: tuple[Part, ...], redis: str) -> Manifest:
        return Manifest(
            name=self.folder.root.name.rpartition("-")[2],
            thor=VERSION,
            revision=moment.revision,
            postgres=moment.postgres,
            redis=redis,
            begun_at=self.begun_at,
            snapshot_at=moment.at,
            ended_at=self.stores.clock.now(),
            tables=moment.tables,
            sequences=moment.sequences,
            lake=moment.lake,
            lacking=moment.lacking,
            bus=moment.bus,
            state=state,
            settings=self.places.settings,
        )

    def _prove(self, manifest: Manifest) -> None:
        # What is linked was read when it was.
        written = [part for part in manifest.parts if part.path not in self.folder.linked]
        with self.counting("Reading back", len(written) + len(manifest.tables)) as count:
            for part in written:
                if file_digest(self.folder.root / part.path) != part.sha256:
                    raise _unlike(part)
                count(1)
            for table in manifest.tables:
                unpacked = Unpacked(self.folder.root / table.part.path).read_all()
                if (unpacked.lines, unpacked.sha256) != (table.rows, table.sha256):
                    raise _unlike(table.part)
                count(1)

    def _write(self, manifest: Manifest) -> None:
        self.folder.text(MANIFEST, manifest.model_dump_json(indent=2) + "\n")
        digest = file_digest(self.folder.root / MANIFEST)
        self.folder.text(SUMS, manifest_texts(manifest, digest))


def _unlike(part: Part) -> Unavailable:
    return Unavailable(f"{part.path} reads otherwise than it was written: check the disk, and make another backup")


def _redis_version(client: Redis) -> str:
    told: Any = client.info("server")
    return f"valkey {told['valkey_version']}" if "valkey_version" in told else f"redis {told['redis_version']}"
