"""Backups: how old the newest one is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

FOLDER: Final = "backups"
OLD: Final = timedelta(days=2)
TOO_OLD: Final = timedelta(days=8)
_MAKE: Final = "`flask backup` makes one; see that it is made every day"


def look_at_backups(installation: Installation) -> Iterator[Finding]:
    """Whether there is a backup that is worth having, where backups are made into the state directory."""
    yield check_backups(installation.state_dir / FOLDER, installation.stores.clock.now())


def check_backups(folder: Path, now: datetime) -> Finding:
    """The newest backup is at most two days old; what begins with a dot is not done yet."""
    try:
        made = [one.stat().st_mtime for one in folder.iterdir() if not one.name.startswith(".")]
    except FileNotFoundError:
        return Finding("backups", "unknown", f"no backup is made into {folder}; others are not known here")
    except OSError as error:
        return Finding("backups", "unknown", f"{folder} cannot be looked at: {error.strerror}")
    if not made:
        return Finding("backups", "warning", f"{folder} is empty", _MAKE)
    age = now - datetime.fromtimestamp(max(made), UTC)
    told = f"the newest of {len(made)} is {age / timedelta(hours=1):,.0f} h old"
    if age > TOO_OLD:
        return Finding("backups", "wrong", told, _MAKE)
    return Finding("backups", "warning", told, _MAKE) if age > OLD else Finding("backups", "ok", told)
