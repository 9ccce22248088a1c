"""What the processes take that cannot tell it themselves: the servers, Flower, and whoever runs them all."""

from pathlib import Path
from typing import Final

import psutil

from app.dispatch import QUEUES
from app.errors import ThorError
from app.local.lock import holder
from app.local.status import read_processes
from app.metrics.process import ProcessFigures, figures_of

SUPERVISOR: Final = "supervisor"
_TELL_THEMSELVES: Final = frozenset({"web", "beat", *QUEUES})


def member_figures(state_dir: Path) -> dict[str, ProcessFigures]:
    """What each takes, with the processes that it has started, by its name; nothing where no group runs here.

    Memory that the processes of PostgreSQL share counts for each of them.
    """
    try:
        pid, members = holder(state_dir), read_processes(state_dir)
    except (ThorError, OSError):
        return {}
    found = {one.name: _figures(one.pid, with_children=True) for one in members if _is_asked(one.name) and one.pid}
    return {SUPERVISOR: _figures(pid, with_children=False), **found} if pid else found


def _is_asked(name: str) -> bool:
    return name not in _TELL_THEMSELVES


def _figures(pid: int, *, with_children: bool) -> ProcessFigures:
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True) if with_children else []
    except psutil.Error:
        return ProcessFigures()
    own = figures_of(process, with_ended_children=with_children)
    return sum((figures_of(child) for child in children), own)
