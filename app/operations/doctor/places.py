"""The folders that hold data: how long their disks have room, what kind they are, and whether they keep a file."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from app.errors import ThorError, Unavailable
from app.operations.alerting.disks import GB, DiskLook, Room, room_severity
from app.operations.doctor.findings import Finding
from app.operations.doctor.growth import daily_growth
from app.operations.doctor.installation import Installation

MB: Final = 10**6
NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "drvfs",
        "fuse.sshfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.s3fs",
    }
)
MEMORY: Final = frozenset({"tmpfs", "ramfs"})
SOON_DAYS, NOW_DAYS = 30, 7
SLOW_S: Final = 1.0
_MOVE: Final = "make room, or move STATE_DIR or DATA_DIR"


def look_at_places(installation: Installation) -> Iterator[Finding]:
    """Whether the disks have room, and keep what is written to them."""
    growth, look = _growth(installation), DiskLook()
    rooms: dict[str, tuple[Room, list[str]]] = {}
    for name, place in installation.places.items():
        try:
            room = look.room_at(place)
        except Unavailable as error:
            yield Finding(f"disk_of_{name}", "wrong", str(error), "see to that disk, or move the folder")
            continue
        rooms.setdefault(room.mount, (room, []))[1].append(name)
    for room, names in rooms.values():
        yield check_room(room, names, sum(growth.get(name, 0.0) for name in names))
    for mount, (_room, names) in rooms.items():
        yield check_kind(names, file_system(mount))
    yield from (check_keeping(name, place) for name, place in installation.places.items() if name != "postgres")


def check_room(room: Room, names: list[str], bytes_a_day: float) -> Finding:
    """The disk of these folders has room, and will have for a month at the present growth, as far as that is known."""
    name, severity = f"disk_of_{'_'.join(names)}", room_severity(room)
    told = f"{room.mount} has {room.free / GB:,.1f} GB free, {100 * room.free / max(room.total, 1):.0f} %"
    days = room.free / bytes_a_day if bytes_a_day else None
    if days is not None:
        told += f": for about {days:,.0f} days at {bytes_a_day / MB:,.0f} MB a trading day"
    if severity == "critical" or (days is not None and days < NOW_DAYS):
        return Finding(name, "wrong", told, _MOVE)
    if severity or (days is not None and days < SOON_DAYS):
        return Finding(name, "warning", told, _MOVE)
    return Finding(name, "ok", told)


def check_kind(names: list[str], kind: str | None) -> Finding:
    """The folders lie on a file system of this machine that survives a restart; None where it is not known."""
    name, where = f"file_system_of_{'_'.join(names)}", ", ".join(names)
    if kind is None:
        return Finding(name, "unknown", f"the file system of {where} is not told")
    if kind in NETWORK:
        told = f"{where} on {kind}, a file system of another machine, whose locks and flushes cannot be relied on"
        return Finding(name, "warning", told, "move STATE_DIR and DATA_DIR to a disk of this machine")
    if kind in MEMORY:
        told = f"{where} on {kind}, which a restart of the machine empties"
        return Finding(name, "warning", told, "move STATE_DIR and DATA_DIR to a disk")
    return Finding(name, "ok", kind)


def file_system(mount: str) -> str | None:
    """The kind of the file system that is mounted there; None when the system does not tell."""
    found = [part.fstype for part in psutil.disk_partitions(all=True) if part.mountpoint == mount and part.fstype]
    return found[-1].lower() if found else None  # The last one hides those before it.


def check_keeping(name: str, place: Path) -> Finding:
    """A file can be written there and flushed to the disk."""
    name = f"writing_{name}"
    if not place.is_dir():
        return Finding(name, "ok", f"{place} is not there yet: it is made when it is needed")
    began = time.monotonic()
    try:
        _flush_a_file(place)
    except OSError as error:
        fix = "give it to the user who runs Thor (`chown -R`), or see to the disk"
        return Finding(name, "wrong", f"{place} does not keep a file: {error.strerror}", fix)
    took_s = time.monotonic() - began
    if took_s > SLOW_S:
        fix = "find out what else keeps this disk busy"
        return Finding(name, "warning", f"{place} took {took_s:.1f} s to keep a small file", fix)
    return Finding(name, "ok", f"{place} kept a file in {took_s * 1000:.0f} ms")


def _flush_a_file(place: Path) -> None:
    path = place / f".doctor-{os.getpid()}.tmp"
    try:
        with path.open("xb") as file:
            file.write(b"a file that the doctor removes at once\n")
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":
            folder = os.open(place, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _growth(installation: Installation) -> Mapping[str, float]:
    try:
        with installation.stores.sessions() as session:
            return daily_growth(session)
    except (ThorError, RedisError, DBAPIError):  # The rooms are worth telling without it.
        return {}
