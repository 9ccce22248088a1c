"""The state directory in a backup: secrets, logins, the collectors' spools and the desk's own files."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from app.backups.manifest import Part
from app.backups.parts import Folder
from app.backups.shelf import sync
from app.errors import Unavailable
from app.lake.facts import file_digest

FOLDER: Final = "state"
SPOOL: Final = f"{FOLDER}/spool"
LOGIN: Final = f"{FOLDER}/schwab"
DESK: Final = f"{FOLDER}/desk"
SECRETS: Final = "secrets.json"
# What runs, and where: of this machine and this moment alone.
_TRANSIENT: Final = (
    "ports.json",
    "servers.json",
    "processes.json",
    "celerybeat-schedule*",
    "*.lock",
    "*.pid",
    "*.log",
    ".*",
)
# Secrets that belong to the data directories of the embedded servers, which a backup does not have.
SERVERS: Final = ("postgres", "valkey")


@dataclass(frozen=True)
class Places:
    """Where this installation keeps things; `desk` are files that settings name."""

    state_dir: Path
    spool_dir: Path
    token_file: Path
    desk: tuple[Path, ...] = ()
    settings: dict[str, str] = field(default_factory=dict, repr=False)


def copy_state(places: Places, folder: Folder) -> list[Part]:
    """Everything of the state directory that cannot be made again, as parts; Unavailable when it cannot be read."""
    try:
        login = (places.token_file, places.token_file.with_name(f"{places.token_file.name}.previous"))
        own = [path for path in _private_files(places.state_dir) if path not in login]
        parts = [folder.copy(f"{FOLDER}/{path.name}", path) for path in own]
        parts += [
            folder.copy(f"{LOGIN}/token.json{path.name.removeprefix(places.token_file.name)}", path)
            for path in login
            if path.is_file()
        ]
        parts += [folder.copy(f"{DESK}/{number}-{path.name}", path) for number, path in enumerate(places.desk, 1)]
        parts += [_copy_spool(folder, places.spool_dir, path) for path in _spools(places.spool_dir)]
    except OSError as error:
        raise Unavailable(f"cannot copy {error.filename or places.state_dir}: {error.strerror or error}") from None
    return parts


def put_state(places: Places, source: Path, parts: tuple[Part, ...]) -> Iterator[tuple[Path, str]]:
    """Put files of a backup into their places, of mode 0600; yields each place and what became of it.

    A file that is there and differs is kept. Secrets are filled in one by one; those of the embedded servers stay.
    """
    for part in parts:
        place = _place_of(places, part.path)
        if part.path == f"{FOLDER}/{SECRETS}":
            yield place, _put_secrets(source / part.path, place)
        elif place.exists():
            yield place, "is there" if file_digest(place) == part.sha256 else "kept as it is here: the backup's differs"
        else:
            _put(place, partial(shutil.copyfile, source / part.path))
            yield place, "restored"


def _place_of(places: Places, path: str) -> Path:
    if path.startswith(f"{SPOOL}/"):
        return places.spool_dir / path.removeprefix(f"{SPOOL}/")
    if path.startswith(f"{LOGIN}/token.json"):
        return places.token_file.with_name(places.token_file.name + path.removeprefix(f"{LOGIN}/token.json"))
    if path.startswith(f"{DESK}/"):
        return places.state_dir / "restored" / path.removeprefix(f"{DESK}/").partition("-")[2]
    return places.state_dir / path.removeprefix(f"{FOLDER}/")


def _put_secrets(source: Path, place: Path) -> str:
    here = json.loads(place.read_text("utf-8")) if place.is_file() else {}
    told = json.loads(source.read_text("utf-8"))
    new = {name: text for name, text in told.items() if name not in here and name not in SERVERS}
    if not new:
        return "is there"
    text = json.dumps({**here, **new}, indent=2) + "\n"
    _put(place, lambda draft: draft.write_text(text, "utf-8"))
    return f"{len(new)} of {len(told)} secrets restored; those of the servers are this machine's"


def _put(place: Path, write: Callable[[Path], object]) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.restoring")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    write(draft)
    sync(draft)
    draft.replace(place)
    sync(place.parent)


def _private_files(state_dir: Path) -> list[Path]:
    found = sorted(state_dir.iterdir()) if state_dir.is_dir() else []
    return [
        path
        for path in found
        if path.is_file() and not path.is_symlink() and not any(path.match(name) for name in _TRANSIENT)
    ]


def _spools(spool_dir: Path) -> list[Path]:
    found = sorted(spool_dir.rglob("*")) if spool_dir.is_dir() else []
    # The two beside a file are its log and index, which belong to the copy that SQLite makes.
    return [path for path in found if path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal", ".lock"))]


def _copy_spool(folder: Folder, spool_dir: Path, path: Path) -> Part:
    name = f"{SPOOL}/{path.relative_to(spool_dir).as_posix()}"
    draft = folder.root / ".spool"
    draft.unlink(missing_ok=True)
    try:
        # A collector may be writing: SQLite knows which of its pages belong together.
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(draft)) as copy,
        ):
            live.backup(copy)
    except sqlite3.Error:  # A damaged one, which its collector moved aside, is kept byte by byte.
        shutil.copyfile(path, draft)
    try:
        return folder.copy(name, draft)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
