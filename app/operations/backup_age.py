"""How old the newest backup is."""

from pathlib import Path
from typing import Final

BACKUPS: Final = "backups"
_UNFINISHED: Final = (".tmp", ".part", ".partial")


def newest_backup(state_dir: Path) -> float | None:
    """When the newest backup in the state directory was finished, seconds since 1970; None where there is none.

    A backup is a file or a folder in `backups` there; what has a hidden or an unfinished name is none yet.
    """
    try:
        names = [entry for entry in (state_dir / BACKUPS).iterdir() if _is_backup(entry.name)]
        return max((entry.stat().st_mtime for entry in names), default=None)
    except OSError:
        return None


def _is_backup(name: str) -> bool:
    return not (name.startswith(".") or name.endswith((*_UNFINISHED, ".lock")))
