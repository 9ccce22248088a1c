"""The lake in a backup: every file that the catalog knew at the snapshot, as it was recorded."""

import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psycopg2.extensions import cursor as Cursor

from app.backups.manifest import Lacking, Part
from app.backups.parts import Folder
from app.lake.facts import file_digest
from app.lake.layout import Lake
from app.lake.seals import replaces

FOLDER: Final = "lake"
# What a source says that is gone or on a failing disk; anything else is the backup's own trouble.
_UNREADABLE: Final = (errno.ENOENT, errno.EIO, errno.EACCES, errno.EISDIR)
_FILES: Final = "SELECT path, sha256, bytes FROM lake_files ORDER BY kind DESC, session_date, symbol, timeframe"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of the catalog: the file's path from the lake's root on, its hash and its size."""

    path: str
    sha256: str
    bytes: int


@dataclass
class LakeCopier:
    """Copies files of the lake into a backup, each once for as long as it is the one that is recorded."""

    lake: Lake
    folder: Folder
    _done: dict[str, tuple[Recorded, Part]] = field(default_factory=dict, init=False)
    _lacking: dict[Recorded, Lacking] = field(default_factory=dict, init=False)

    def copy(self, files: Iterable[Recorded], count: Callable[[int], None]) -> None:
        """Have these files in the backup; what is gone or damaged is noted, unless an earlier backup has it whole."""
        for file in files:
            if not self._has(file):
                self._copy(file)
            count(1)

    def settle(self, files: Iterable[Recorded]) -> tuple[tuple[Part, ...], tuple[Lacking, ...]]:
        """The parts and what is lacking of these files; what else was copied is removed again."""
        wanted = list(files)
        for path in set(self._done) - {file.path for file in wanted if self._has(file)}:
            self._drop(path)
        kept = tuple(self._done[file.path][1] for file in wanted if file.path in self._done)
        return kept, tuple(self._lacking[file] for file in wanted if file.path not in self._done)

    @property
    def lacking(self) -> frozenset[Recorded]:
        """The files that could not be had so far; each may also have been written again since it was listed."""
        return frozenset(file for file in self._lacking if not self._has(file))

    def _has(self, file: Recorded) -> bool:
        return file.path in self._done and self._done[file.path][0] == file

    def _copy(self, file: Recorded) -> None:
        path = f"{FOLDER}/{file.path}"
        self._drop(file.path)  # Of the one that was recorded before.
        if part := self.folder.link(path, file.sha256):
            self._done[file.path] = file, part
            return
        source = self.lake.root / file.path
        reason = "is gone" if not source.is_file() else "is not what was published"
        try:
            part = self.folder.copy(path, source)
            # A merge that was killed leaves a file that proves itself and is not recorded yet.
            if part.sha256 == file.sha256 or replaces(self.folder.root / path, file.sha256):
                self._done[file.path] = file, part
                return
        except OSError as error:
            if error.errno not in _UNREADABLE:
                raise
        (self.folder.root / path).unlink(missing_ok=True)
        self._lacking[file] = Lacking(path=file.path, reason=reason)

    def _drop(self, path: str) -> None:
        if path in self._done:
            (self.folder.root / self._done.pop(path)[1].path).unlink(missing_ok=True)


def recorded(cursor: Cursor) -> list[Recorded]:
    """The files that the catalog knows; none before there is a catalog."""
    cursor.execute("SELECT to_regclass('lake_files') IS NOT NULL")
    if not (cursor.fetchone() or (False,))[0]:
        return []
    cursor.execute(_FILES)
    return [Recorded(path, sha256, size) for path, sha256, size in cursor.fetchall()]


def unlike(lake: Lake, parts: Iterable[Part]) -> Iterator[tuple[Part, Path]]:
    """The parts whose place in the lake is empty or holds something else, with that place."""
    for part in parts:
        place = lake.root / part.path.removeprefix(f"{FOLDER}/")
        if not place.is_file() or place.stat().st_size != part.bytes or file_digest(place) != part.sha256:
            yield part, place
