"""Tick files that are believed only after their bytes were found to be those that were published."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

from app.analysis.inputs import TickFile
from app.errors import Conflict, NotFound, Unavailable
from app.lake.facts import file_digest
from app.lake.inspection import inspect_file, labels_of
from app.lake.schemas import TICK_FILE
from app.lake.seals import replaced_hash

_REMEMBERED: Final = 20_000
Identity = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was found whole: `sha256` is that of its bytes, `in_order` whether its rows are in a file's order."""

    file: TickFile
    sha256: str
    in_order: bool
    identity: Identity


@dataclass(frozen=True, slots=True)
class _Content:
    sha256: str
    replaced: str | None
    in_order: bool


_known: Final[dict[tuple[Identity, bool], _Content]] = {}
_lock: Final = Lock()


def verify(symbol: str, file: TickFile) -> Verified:
    """Check a file's bytes against the recorded SHA-256, or every page against its checksum where none is recorded.

    A merged file that took the recorded one's place is believed by its seal. A file that does not change is read whole
    only once by a process. Conflict, with the trading day and what to do, when it is missing or damaged; Unavailable
    when it cannot be read.
    """
    try:
        identity = _identity(file.path)
        content = _content(file, identity)
    except FileNotFoundError:
        raise _fault(symbol, file.day, "missing") from None
    except OSError as error:
        raise _unreadable(symbol, file.day, error) from None
    except (Conflict, NotFound):
        raise _fault(symbol, file.day, "damaged") from None
    if file.sha256 not in (None, content.sha256, content.replaced):
        raise _fault(symbol, file.day, "not the one that was recorded")
    return Verified(file, content.sha256, content.in_order, identity)


def check_unchanged(symbol: str, verified: Verified) -> None:
    """Unavailable when a file was replaced since it was verified."""
    try:
        is_same = _identity(verified.file.path) == verified.identity
    except OSError:
        is_same = False
    if not is_same:
        raise Unavailable(f"{_named(symbol, verified.file.day)} was replaced while it was read: try again")


def _content(file: TickFile, identity: Identity) -> _Content:
    # Pages are checked only where no hash is recorded, so the two are remembered apart.
    key = identity, file.sha256 is None
    with _lock:
        found = _known.get(key)
    if found is None:
        found = _inspected(file.path) if file.sha256 is None else _digested(file.path)
        with _lock:
            if len(_known) >= _REMEMBERED:
                _known.clear()
            _known[key] = found
    return found


def _inspected(path: Path) -> _Content:
    return _Content(inspect_file(path, TICK_FILE).sha256, None, _is_in_order(path))


def _digested(path: Path) -> _Content:
    with path.open("rb") as handle:
        replaced = replaced_hash(handle)
    return _Content(file_digest(path), replaced, _is_in_order(path))


def _is_in_order(path: Path) -> bool:
    return labels_of(path).get("sorted_by") == ",".join(TICK_FILE.sorted_by)


def _identity(path: Path) -> Identity:
    state = path.stat()
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _named(symbol: str, day: date) -> str:
    return f"the lake's file with the ticks of {symbol} on {day}"


def _fault(symbol: str, day: date, what: str) -> Conflict:
    return Conflict(
        f"{_named(symbol, day)} is {what}: export that day again with --overwrite, or restore the file from a copy "
        "where PostgreSQL no longer has its ticks, and run `flask verify-lake`"
    )


def _unreadable(symbol: str, day: date, error: OSError) -> Unavailable:
    return Unavailable(f"{_named(symbol, day)} cannot be read: {error.strerror}")
