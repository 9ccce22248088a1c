"""Backups: how old the newest one is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.operations.backup_age import BACKUPS, newest_backup
from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

OLD: Final = timedelta(days=2)
TOO_OLD: Final = timedelta(days=8)
_MAKE: Final = "`flask backup` makes one; see that it is made every day"


def look_at_backups(installation: Installation) -> Iterator[Finding]:
    """Whether there is a backup that is worth having, where backups are made into the state directory."""
    yield check_backups(installation.state_dir, installation.stores.clock.now())


def check_backups(state_dir: Path, now: datetime) -> Finding:
    """The newest backup is at most two days old."""
    folder, made_s = state_dir / BACKUPS, newest_backup(state_dir)
    if made_s is None and not folder.is_dir():
        return Finding("backups", "unknown", f"no backup is made into {folder}; others are not known here", _MAKE)
    if made_s is None:
        return Finding("backups", "warning", f"{folder} has no backup, or cannot be looked at", _MAKE)
    age = now - datetime.fromtimestamp(made_s, UTC)
    told = f"the newest is {age / timedelta(hours=1):,.0f} h old"
    if age > TOO_OLD:
        return Finding("backups", "wrong", told, _MAKE)
    return Finding("backups", "warning", told, _MAKE) if age > OLD else Finding("backups", "ok", told)
