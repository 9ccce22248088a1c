"""Counting: a microsecond or two each time, in this process's memory or in a file that outlives a kill."""

import hashlib
import json
import logging
import os
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Final

from prometheus_client.mmap_dict import MmapedDict

from app.errors import Unavailable
from app.metrics.families import COUNTED, Counted
from app.metrics.slots import Slot, take_slot

log = logging.getLogger(__name__)

# With the length of a key, so many that the file of a process never has to grow.
MOST_SERIES: Final = 3500
_LONGEST_KEY: Final = 120
# A file is read by those who know what is in it: with other families there is another folder.
LAYOUT: Final = hashlib.sha256(repr(COUNTED).encode()).hexdigest()[:8]
_LIVE: Final = frozenset(family.name for family in COUNTED if family.kind == "live")

Series = tuple[str, tuple[str, ...], str]


class Recorder:
    """The counts of this process, in memory, or in a slot's file, where those of the process before it go on."""

    def __init__(self, slot: Slot | None = None) -> None:
        self.slot = slot
        self._lock = Lock()
        self._values: dict[Series, float] = {}
        self._texts: dict[Series, str] = {}
        self._file = MmapedDict(str(slot.file)) if slot else None
        for series, text, value in read_file(slot.file) if slot else ():
            self._texts[series] = text
            self._values[series] = value
        for series in [one for one in self._values if one[0] in _LIVE]:
            self._write(series, 0.0)

    def add(self, family: Counted, labels: tuple[str, ...], amount: float) -> None:
        """Add to a counter, or to a figure of what is live."""
        series = (family.name, labels, "")
        with self._lock:
            self._write(series, self._values.get(series, 0.0) + amount)

    def set(self, family: Counted, labels: tuple[str, ...], value: float) -> None:
        """Replace the value of a figure that is no counter."""
        with self._lock:
            self._write((family.name, labels, ""), value)

    def observe(self, family: Counted, labels: tuple[str, ...], value: float) -> None:
        """Count a value in its bucket of a histogram."""
        place = bisect_left(family.buckets, value)
        bucket, total = (family.name, labels, str(place)), (family.name, labels, "sum")
        with self._lock:
            self._write(bucket, self._values.get(bucket, 0.0) + 1)
            self._write(total, self._values.get(total, 0.0) + value)

    def values(self) -> Iterable[tuple[Series, float]]:
        """What was counted so far."""
        with self._lock:
            return list(self._values.items())

    def close(self) -> None:
        """Count no more, and give the place back."""
        if self._file is not None and self.slot is not None:
            self._file.close()
            self.slot.leave()
        self._file = self.slot = None

    def _write(self, series: Series, value: float) -> None:
        if series not in self._values and not self._has_room(series):
            return
        self._values[series] = value
        if self._file is not None:
            self._file.write_value(self._texts[series], value, 0.0)

    def _has_room(self, series: Series) -> bool:
        text = json.dumps(series, separators=(",", ":"))
        if len(self._values) >= MOST_SERIES or len(text) > _LONGEST_KEY:
            log.warning("%s has more labels than there is room for: some are not counted", series[0])
            return False
        self._texts[series] = text
        return True


def read_file(file: Path) -> list[tuple[Series, str, float]]:
    """What is counted in a file, each with the key that it has there; any error where the file is damaged."""
    found = []
    for text, value, _at, _place in MmapedDict.read_all_values_from_file(str(file)):
        name, labels, part = json.loads(text)
        found.append(((str(name), tuple(labels), str(part)), text, float(value)))
    return found


class _Present:
    def __init__(self) -> None:
        self.recorder = Recorder()
        self.folder: Path | None = None
        self.role = ""
        self.is_watching = False

    def watch_forks(self) -> None:
        """Have the children of forks count for themselves."""
        if not self.is_watching and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)
        self.is_watching = True

    def renew(self) -> None:
        """Count as a process of its own: the lock may have been held by a thread that a child does not have."""
        before, self.recorder = self.recorder, Recorder()
        before.close()  # The place stays the parent's, who has it open as well.
        if self.folder is not None:
            share_counts(self.folder, self.role)


_present = _Present()


def share_counts(folder: Path, role: str) -> None:
    """From here on count where all processes do, as one of a role; children that are forked do so, too.

    Where that cannot be, a warning is logged and this process counts for itself.
    """
    try:
        recorder = _going_on(take_slot(folder / LAYOUT, role))
    except (Unavailable, OSError) as error:
        log.warning("what this process counts is not shown by /metrics: %s", str(error)[:200])
        return
    _present.recorder, _present.folder, _present.role = recorder, folder, role
    _present.watch_forks()


def count_alone() -> None:
    """From here on count for this process only, from nothing."""
    _present.recorder.close()
    _present.recorder, _present.folder, _present.role = Recorder(), None, ""


def _going_on(slot: Slot) -> Recorder:
    try:
        read_file(slot.file)
    except Exception as error:  # Whatever a damaged file may bring about.
        log.warning("the counts in %s cannot be read, and begin anew: %s", slot.file.name, str(error)[:100])
        return Recorder(slot.emptied())
    return Recorder(slot)


def shared_folder() -> Path | None:
    """Where this process counts together with others; None where it counts for itself."""
    return None if _present.folder is None else _present.folder / LAYOUT


def counted() -> Iterable[tuple[Series, float]]:
    """What this process has counted."""
    return _present.recorder.values()


def count(family: Counted, *labels: str, by: float = 1) -> None:
    """Add to a counter, or to a figure of what is live."""
    _present.recorder.add(family, labels, by)


def tell(family: Counted, value: float, *labels: str) -> None:
    """Replace the value of a figure that is no counter."""
    _present.recorder.set(family, labels, value)


def observe(family: Counted, value: float, *labels: str) -> None:
    """Count a value in a histogram."""
    _present.recorder.observe(family, labels, value)
