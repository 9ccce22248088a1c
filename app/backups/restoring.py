"""Restoring a backup: checked whole before anything is touched, all tables in one transaction, the stream last."""

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.backups import bus
from app.backups.lake import Recorded, recorded, unlike
from app.backups.making import Counting
from app.backups.manifest import Manifest, Part, TableCopy, find_damage
from app.backups.parts import Unpacked
from app.backups.shelf import sync
from app.backups.state import Places, put_state
from app.backups.tables import (
    copy_in,
    driver_failures,
    drop_everything,
    in_order,
    partition_days,
    plain_cursor,
    rows_now,
    settle_forms,
    table_digest,
    write_sequences,
)
from app.backups.target import Target, lake_in_the_way, look_at, require_empty, require_readable
from app.bus import keys
from app.errors import Conflict, Unavailable
from app.lake.claims import claimed
from app.operations.migrating import BASE, HEAD, UNFINISHED, database_revision, known_revisions, move_to
from app.stores import Stores
from app.ticks.partitions import ensure_partitions

REPLACED: Final = ".replaced"
_LAKE: Final = "lake/"


@dataclass
class Restored:
    """What a restore did. `differences` are what is here otherwise than in the backup: there must be none."""

    backup: str
    revision: str
    now_at: str = ""
    rows: int = 0
    tables: int = 0
    lake_files: int = 0
    lake_kept: int = 0
    entries: int = 0
    state: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, manifest: Manifest) -> "Restored":
        """What a restore of the whole backup would do."""
        done = cls(manifest.name, manifest.revision)
        done.tables, done.rows = len(manifest.tables), sum(manifest.rows.values())
        done.lake_files, done.entries = len(manifest.lake), manifest.bus.entries
        return done


def damage_of(folder: Path, manifest: Manifest, counting: Counting) -> str:
    """Read every part; what is wrong with the first damaged ones, and how many more there are, empty when none is."""
    with counting(f"Checking backup {manifest.name}", len(manifest.parts)) as count:
        wrong = []
        for _part, fault in find_damage(folder, manifest):
            wrong += [fault] if fault else []
            count(1)
    more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"{'; '.join(wrong[:3])}{more}"


def check_backup(folder: Path, manifest: Manifest, counting: Counting) -> None:
    """Read every part; Conflict that names the first damaged ones, and nothing has been touched."""
    if damage := damage_of(folder, manifest, counting):
        raise Conflict(f"backup {manifest.name} is damaged, and nothing was restored: {damage}")


def look_before(stores: Stores, manifest: Manifest, *, replace: bool, with_lake: bool = True) -> Target:
    """What is here, once it is sure that the backup may be restored here; Conflict otherwise. Needs an app context."""
    require_readable(manifest)
    target = look_at(stores, replace=replace)
    require_empty(target, manifest, replace=replace)
    if with_lake and not replace and (here := [*lake_in_the_way(stores, manifest), *_other_files(stores, manifest)]):
        raise Conflict(
            f"the lake has {len(here):,} files that the backup has not, such as {here[0]}: "
            "move them away, or say --replace to have them put aside"
        )
    return target


def restore_all(
    stores: Stores, folder: Path, manifest: Manifest, places: Places | None, target: Target, counting: Counting
) -> Restored:
    """Restore tables and stream, and with `places` also lake and state, to where `look_before` allowed it.

    The tables come in one transaction, at the backup's revision, are read again and compared, and go forward to this
    code's. What a killed restore did is done again or found done. Needs an app context.
    """
    done = Restored(manifest.name, manifest.revision)
    if places is not None:
        _put_aside(stores, manifest)
        done.lake_files = _put_lake(stores, folder, manifest.lake, counting)
        done.state = [f"{place}: {what}" for place, what in put_state(places, folder, manifest.state)]
    client = stores.raw_redis
    done.entries = bus.stage(client, Unpacked(folder / manifest.bus.part.path).read)
    if done.entries != manifest.bus.entries:
        raise Unavailable(f"{done.entries:,} of {manifest.bus.entries:,} entries of the stream were read: try again")
    if target.unfinished != manifest.name:
        _restore_tables(stores, folder, manifest, target, counting)
    bus.clear(client)
    bus.put(client)
    _finish(stores, manifest, done, with_lake=places is not None)
    return done


def restore_lake(
    stores: Stores, folder: Path, manifest: Manifest, counting: Counting, *, dry_run: bool = False
) -> Restored:
    """Put back the files of the lake that the catalog here knows as they are in the backup, and that are not so here.

    Files that were written again since the backup are left as they are, and counted in `lake_kept`.
    """
    with stores.sessions() as session:
        catalog = {file.path: file for file in recorded(plain_cursor(session))}
    wanted = [part for part in manifest.lake if _is_recorded(catalog, part)]
    done = Restored(manifest.name, manifest.revision, lake_kept=len(manifest.lake) - len(wanted))
    if dry_run:
        done.lake_files = len(list(unlike(stores.lake, wanted)))
        return done
    done.lake_files = _put_lake(stores, folder, wanted, counting)
    done.differences = [f"{place} is not as in the backup" for _part, place in unlike(stores.lake, wanted)]
    return done


def _is_recorded(catalog: dict[str, Recorded], part: Part) -> bool:
    row = catalog.get(part.path.removeprefix(_LAKE))
    return row is not None and row.sha256 == part.sha256


def _restore_tables(stores: Stores, folder: Path, manifest: Manifest, target: Target, counting: Counting) -> None:
    with driver_failures(), stores.sessions() as session, counting("Tables", len(manifest.tables)) as count:
        cursor = plain_cursor(session)
        settle_forms(cursor)
        _empty(session, cursor, target)
        move_to(session.connection(), manifest.revision)
        ensure_partitions(session, partition_days(manifest.tables))
        there = rows_now(cursor)
        ours = [copy for copy in manifest.tables if copy.name in there]
        for copy in in_order(cursor, ours):
            _fill(cursor, folder, copy)
            count(1)
        write_sequences(cursor, manifest.sequences)
        wrong = [copy.name for copy in ours if table_digest(cursor, copy) != copy.sha256]
        if wrong:
            raise Unavailable(f"{', '.join(wrong)} read otherwise than in the backup: nothing was restored")
        move_to(session.connection(), HEAD)
        cursor.execute(f"CREATE TABLE {UNFINISHED} (backup text NOT NULL)")
        cursor.execute(f"INSERT INTO {UNFINISHED} VALUES (%s)", (manifest.name,))  # noqa: S608
        cursor.close()
        session.commit()


def _empty(session: Session, cursor: Cursor, target: Target) -> None:
    if target.revision is None or target.revision in known_revisions():
        move_to(session.connection(), BASE)
        cursor.execute(f"DROP TABLE IF EXISTS {UNFINISHED}")
    else:  # Of a newer Thor, whose migrations are not known here.
        drop_everything(cursor)


def _fill(cursor: Cursor, folder: Path, copy: TableCopy) -> None:
    try:
        rows = copy_in(cursor, copy, Unpacked(folder / copy.part.path))
    except psycopg2.OperationalError:
        raise
    except psycopg2.Error as error:
        first = str(error).strip().partition("\n")[0]
        raise Conflict(f"{copy.name} does not take the backup's rows ({first}): nothing was restored") from None
    if rows != copy.rows:
        raise Unavailable(f"{copy.name} took {rows:,} of {copy.rows:,} rows: nothing was restored")


def _finish(stores: Stores, manifest: Manifest, done: Restored, *, with_lake: bool) -> None:
    with driver_failures(), stores.sessions.begin() as session:
        now = _rows_of(session)
        done.now_at = database_revision(session) or ""
        session.execute(text(f"DROP TABLE IF EXISTS {UNFINISHED}"))
    done.tables, done.rows = len(manifest.tables), sum(manifest.rows.values())
    done.differences += [
        f"{name} has {now[name]:,} rows instead of {rows:,}"
        if name in now
        else f"{name} is no table of this Thor: its {rows:,} rows are in the backup alone"
        for name, rows in manifest.rows.items()
        if now.get(name, 0) != rows
    ]
    length = int(stores.raw_redis.xlen(keys.STREAM))
    if length != manifest.bus.entries:
        done.differences.append(f"the stream has {length:,} entries instead of {manifest.bus.entries:,}")
    if with_lake:
        done.differences += [f"{place} is not as in the backup" for _part, place in unlike(stores.lake, manifest.lake)]
        done.differences += [f"{lacking.path} {lacking.reason} since before the backup" for lacking in manifest.lacking]


def _rows_of(session: Session) -> dict[str, int]:
    return rows_now(plain_cursor(session))


def _other_files(stores: Stores, manifest: Manifest) -> list[Path]:
    return [place for _part, place in unlike(stores.lake, manifest.lake) if place.exists()]


def _put_aside(stores: Stores, manifest: Manifest) -> None:
    for path in [*lake_in_the_way(stores, manifest), *_other_files(stores, manifest)]:
        place = stores.lake.root / REPLACED / path.relative_to(stores.lake.root)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)


def _put_lake(stores: Stores, folder: Path, parts: Iterable[Part], counting: Counting) -> int:
    missing = list(unlike(stores.lake, parts))
    with counting("Files of the lake", len(missing)) as count:
        for part, place in missing:
            _put_file(stores, folder / part.path, place)
            count(1)
    return len(missing)


def _put_file(stores: Stores, source: Path, place: Path) -> None:
    draft = stores.lake.staging / f"restored@{'@'.join(place.relative_to(stores.lake.root).parts)}.part"
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        with claimed(draft):
            shutil.copyfile(source, draft)
            sync(draft)
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(place)
            sync(place.parent)
    except OSError as error:
        raise Unavailable(f"cannot write {place}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
