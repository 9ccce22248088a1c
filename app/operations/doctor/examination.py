"""The examination: all groups of checks side by side, within a bounded time, whatever does not answer."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from threading import Thread
from typing import Final

from app.operations.doctor.backups import look_at_backups
from app.operations.doctor.bus import look_at_bus
from app.operations.doctor.clocks import look_at_clocks
from app.operations.doctor.copies import look_at_copies
from app.operations.doctor.database import look_at_database
from app.operations.doctor.findings import Finding, without_secrets
from app.operations.doctor.installation import Installation
from app.operations.doctor.network import look_at_network
from app.operations.doctor.permissions import look_at_permissions
from app.operations.doctor.places import look_at_places
from app.operations.doctor.processes import look_at_processes
from app.operations.doctor.software import look_at_software
from app.operations.doctor.sources import look_at_sources
from app.operations.doctor.work import look_at_work

log = logging.getLogger(__name__)

Look = Callable[[Installation], Iterable[Finding]]
LOOKS: Final[Mapping[str, Look]] = {
    "software": look_at_software,
    "processes": look_at_processes,
    "database": look_at_database,
    "bus": look_at_bus,
    "clocks": look_at_clocks,
    "places": look_at_places,
    "permissions": look_at_permissions,
    "network": look_at_network,
    "sources": look_at_sources,
    "work": look_at_work,
    "backups": look_at_backups,
    "copies": look_at_copies,
}
LIMIT_S: Final = 20.0


def examine(
    installation: Installation, looks: Mapping[str, Look] = LOOKS, *, limit_s: float = LIMIT_S
) -> list[Finding]:
    """What is found of an installation, group by group, within `limit_s`; no line tells a secret.

    A group that fails, or gives no answer in time, is one finding of level `unknown`, and costs the others nothing.
    """
    runs = {name: _begin(name, look, installation) for name, look in looks.items()}
    wait(runs.values(), timeout=limit_s)
    found = [finding for name, run in runs.items() for finding in _outcome(name, run, limit_s)]
    return list(without_secrets(found, installation.secrets))


def _begin(name: str, look: Look, installation: Installation) -> "Future[list[Finding]]":
    run: Future[list[Finding]] = Future()

    def work() -> None:
        try:
            run.set_result(list(look(installation)))
        except Exception as error:
            run.set_exception(error)

    # A daemon, because a disk or a server that never answers must not keep the process.
    Thread(target=work, name=f"doctor-{name}", daemon=True).start()
    return run


def _outcome(name: str, run: "Future[list[Finding]]", limit_s: float) -> list[Finding]:
    if not run.done():
        return [Finding(name, "unknown", f"no answer within {limit_s:g} s", "see what does not answer, and try again")]
    error = run.exception()
    if error is None:
        return run.result()
    log.debug("the look at %s failed", name, exc_info=error)
    return [Finding(name, "unknown", f"could not be looked at: {type(error).__name__}: {str(error)[:200]}")]
