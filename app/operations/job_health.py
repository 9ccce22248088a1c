"""Whether the analyses that were asked for are worked on."""

from typing import Final

from app.jobs.backlog import Backlog, read_backlog
from app.operations.health import Check
from app.stores import Stores

# A lost message is sent again within a minute, and a worker at a job shows life every second.
IDLE_S: Final = 180.0


def check_jobs(stores: Stores) -> Check:
    """No analysis waits, or one showed life in the last three minutes, or none has waited for so long yet."""
    with stores.sessions() as session:
        backlog = read_backlog(session, stores.clock.now())
    figures = job_figures(backlog)
    waiting, running = backlog.by_status["pending"], backlog.by_status["running"]
    told = f"{waiting} waiting, {running} running"
    if backlog.waits_s <= IDLE_S or (backlog.life_age_s is not None and backlog.life_age_s <= IDLE_S):
        return Check("jobs", True, told, figures)
    return Check("jobs", False, f"{told}, and nobody works on them: does the analysis worker run?", figures)


def job_figures(backlog: Backlog) -> dict[str, object]:
    """Jobs by status, and for how many seconds the oldest pending one has waited."""
    return {**backlog.by_status, "oldest_pending_s": backlog.waits_s}
