"""The folder of all backups: a backup is a folder named after the instant at which it was begun, in UTC."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from app.backups.manifest import Manifest, read_manifest
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable

_NAME: Final = re.compile(r"\d{8}T\d{6}Z")
_DRAFT: Final = ".draft-"
_GOING: Final = ".removed-"
_LOCK: Final = ".lock"
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup that stands in its place; `manifest` is None when `fault` says why it cannot be read."""

    name: str
    folder: Path
    manifest: Manifest | None
    fault: str = ""


@dataclass(frozen=True)
class Shelf:
    """Backups below `root`, which need not exist yet."""

    root: Path

    def kept(self) -> list[Kept]:
        """The backups, oldest first; drafts of one that was killed are none."""
        names = sorted(entry.name for entry in self.root.iterdir()) if self.root.is_dir() else []
        return [_read(self.root / name) for name in names if _NAME.fullmatch(name)]

    def find(self, text: str) -> Path:
        """The folder of a backup by its name, `latest` or its path; NotFound when there is none."""
        if text == LATEST:
            good = [one for one in self.kept() if one.manifest]
            if not good:
                raise NotFound(f"there is no whole backup in {self.root}: name a folder, or make one with flask backup")
            return good[-1].folder
        with contextlib.suppress(OSError, RuntimeError):  # A name that is too long; ~somebody, who is not known here.
            for folder in (self.root / text, Path(text).expanduser().absolute()):
                if folder.is_dir():
                    return folder
        raise NotFound(f"there is no backup {text[:200]!r}: see `flask backups`")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one who makes a backup here; Conflict when another is at it, Unavailable when it cannot be."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.root / _LOCK, mode=0o600, timeout=0)
            lock.acquire()
        except Timeout:
            raise Conflict(f"another backup is being made in {self.root}: wait until it has ended") from None
        except OSError as error:
            raise Unavailable(f"cannot use {self.root}: {error.strerror or error}") from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, now: datetime) -> Path:
        """An empty folder for a new backup; what killed ones left is removed. Only for whoever holds the shelf."""
        self._sweep()
        name = f"{now:%Y%m%dT%H%M%SZ}"
        if (self.root / name).exists():
            raise Conflict(f"{self.root / name} exists: a backup a second, please")
        draft = self.root / f"{_DRAFT}{name}"
        draft.mkdir(mode=0o700)
        return draft

    def place(self, draft: Path) -> Path:
        """Give a finished backup the name under which it counts, for good."""
        target = self.root / draft.name.removeprefix(_DRAFT)
        for folder, _folders, _names in os.walk(draft):
            sync(Path(folder))
        draft.rename(target)
        sync(self.root)
        return target

    def remove_old(self, keep: int) -> list[str]:
        """Remove all whole backups but the newest `keep`, and tell their names; those that cannot be read stay."""
        whole = [one for one in self.kept() if one.manifest and not one.manifest.lacking]
        gone = [one.name for one in whole[:-keep]]
        for name in gone:
            (self.root / name).rename(self.root / f"{_GOING}{name}")
        sync(self.root)
        self._sweep()
        return gone

    def _sweep(self) -> None:
        for left in self.root.iterdir():
            if left.name.startswith((_DRAFT, _GOING)):
                shutil.rmtree(left, ignore_errors=True)


def parse_shelf(text: str, lake_root: Path) -> Shelf:
    """A folder for backups that the user names; Rejected when it is a file, a link or lies inside the lake."""
    try:
        path = Path(text).expanduser().absolute()
        is_folder = bool(text.strip()) and not path.is_symlink() and (path.is_dir() or not path.exists())
    except (OSError, RuntimeError):  # A name that is too long; ~somebody, who is not known here.
        is_folder = False
    if not is_folder:
        raise Rejected(f"{text[:200]!r} is not a folder: name one for the backups")
    if path.resolve().is_relative_to(lake_root.resolve()):
        raise Rejected(f"{path} lies in the lake: backups belong elsewhere, at best on another disk")
    return Shelf(path)


def sync(path: Path) -> None:
    """Make a file or a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(folder: Path) -> Kept:
    try:
        return Kept(folder.name, folder, read_manifest(folder))
    except ThorError as error:
        return Kept(folder.name, folder, None, str(error))
