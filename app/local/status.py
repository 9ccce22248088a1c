"""What runs: the state of each process of the group, as `flask status` reads it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from app.local.lock import holder
from app.local.state import PROCESSES, StateDirectory, read_json

State = Literal["waiting", "starting", "running", "backoff", "crash_loop", "stopping", "stopped", "done"]


@dataclass(frozen=True)
class ProcessStatus:
    """One process or step: `since` is when it took this state (ISO 8601, UTC); `pid` is None while it does not run."""

    name: str
    state: State
    since: str
    pid: int | None = None
    restarts: int = 0
    url: str | None = None


def write_processes(state: StateDirectory, processes: list[ProcessStatus]) -> None:
    """Publish the states of all processes."""
    state.write(PROCESSES, [asdict(process) for process in processes])


def read_processes(state_dir: Path) -> list[ProcessStatus]:
    """The processes of the group that runs on this state directory, in its order; empty when none runs."""
    value = read_json(state_dir / PROCESSES) if holder(state_dir) is not None else None
    return [ProcessStatus(**entry) for entry in value] if isinstance(value, list) else []
