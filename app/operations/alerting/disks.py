"""The rule of disks: that one is nearly full."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread
from typing import Final, NamedTuple

from app.alerts.rules import Condition, Severity
from app.errors import Unavailable
from app.operations.alerting.policy import AlertPolicy
from app.stores import Stores

GB: Final = 10**9
WARNING: Final = (0.10, 5 * GB)
CRITICAL: Final = (0.03, 1 * GB)
ANSWER_S: Final = 2.0


class Room(NamedTuple):
    """What a file system holds, and what of it is free for others than root, in bytes."""

    mount: str
    total: int
    free: int


class DiskLook:
    """Looks at disks from a thread of its own: one of a server that is gone answers never, and nobody can end that.

    While such a look has not come back no other one is begun.
    """

    def __init__(self) -> None:
        self._under_way: dict[Path, Future[Room]] = {}
        self._lock = Lock()

    def room_at(self, place: Path, within_s: float = ANSWER_S) -> Room:
        """The room of the disk of a place; Unavailable when there is no answer in time."""
        look = self._under_way.get(place)
        if look is None:
            look = self._under_way[place] = Future()
            Thread(target=_settle, args=(look, place), name="disk-look", daemon=True).start()
        try:
            room = look.result(within_s)
        except NoAnswer:
            raise Unavailable(f"the disk of {place} does not answer: is it of a server that is away?") from None
        except OSError as error:
            self._end(place, look)
            raise Unavailable(f"the disk of {place} cannot be looked at: {error.strerror}") from None
        self._end(place, look)
        return room

    def _end(self, place: Path, look: Future[Room]) -> None:
        # Two ticks that waited for the same look both come here, and another look may have begun in between.
        with self._lock:
            if self._under_way.get(place) is look:
                del self._under_way[place]


_LOOK: Final = DiskLook()


def find_full_disks(_stores: Stores, policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """Disks with less than 10 % or 5 GB free, critical with less than 3 % or 1 GB; each is told once."""
    rooms = {room.mount: room for room in map(_LOOK.room_at, policy.places)}
    return list(_low(rooms.values()))


def room_severity(room: Room) -> Severity | None:
    """How grave it is that a disk has no more room than that; None when it is not."""
    if _has_less(room, *CRITICAL):
        return "critical"
    return "warning" if _has_less(room, *WARNING) else None


def _has_less(room: Room, share: float, least_bytes: int) -> bool:
    return room.free < least_bytes or room.free < share * room.total


def _low(rooms: Iterable[Room]) -> Iterator[Condition]:
    for room in rooms:
        if severity := room_severity(room):
            percent = 100 * room.free / max(room.total, 1)
            detail = f"{room.mount} has {room.free / GB:.1f} GB free, {percent:.1f} %: make room, or move STATE_DIR"
            facts = {"free_bytes": room.free, "total_bytes": room.total}
            yield Condition("disk_low", room.mount, detail, severity, facts)


def _settle(look: "Future[Room]", place: Path) -> None:
    try:
        look.set_result(_room(place))
    except OSError as error:
        look.set_exception(error)


def _room(place: Path) -> Room:
    there = next(one for one in (place, *place.parents) if one.exists()).resolve()
    mount = next((one for one in (there, *there.parents) if os.path.ismount(one)), there)
    usage = shutil.disk_usage(there)
    return Room(str(mount), usage.total, usage.free)
