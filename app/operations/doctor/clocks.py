"""Clocks: that of this machine against those of the servers, and whether something keeps it right."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app.errors import ThorError
from app.operations.alerting.clocks import measure_skew, redis_time, skewed
from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation
from app.stores import Stores

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
KERNEL: Final = Path("/proc/version")
ANSWER_S: Final = 3.0
_SET: Final = "`timedatectl set-ntp true`, or run chrony"
_IN_WSL: Final = "in Windows, `wsl --shutdown` and start anew: its clock stands still while the computer sleeps"


def look_at_clocks(installation: Installation) -> Iterator[Finding]:
    """Whether the clocks agree, and are kept right."""
    stores = installation.stores
    fix = _IN_WSL if is_wsl() else "have the clocks of both machines set by NTP"
    yield compare("PostgreSQL", lambda: _postgres_ahead(stores), fix)
    yield compare("Redis", lambda: _redis_ahead(stores), fix)
    yield check_keeping(ask_system(), is_wsl())


def compare(server: str, measure: Callable[[], timedelta], fix: str) -> Finding:
    """A server's clock is within 2 s of this machine's; more than 30 s are wrong."""
    name = f"clock_of_{server.lower()}"
    try:
        ahead = measure()
    except (ThorError, RedisError, DBAPIError):
        return Finding(name, "unknown", f"{server} cannot be asked for the time")
    for condition in skewed({server: ahead}):
        return Finding(name, "wrong" if condition.severity == "critical" else "warning", condition.detail, fix)
    return Finding(name, "ok", f"no difference of clocks to {server} that matters")


def check_keeping(is_kept: bool | None, in_wsl: bool) -> Finding:
    """Something sets this machine's clock; None where the system does not tell."""
    if is_kept:
        return Finding("clock", "ok", "set by NTP")
    if in_wsl:
        return Finding("clock", "warning", "Windows sets the clock of WSL, and not while it sleeps", _IN_WSL)
    if is_kept is None:
        return Finding("clock", "unknown", "whether NTP sets the clock is not told here, as in most containers")
    return Finding("clock", "warning", "nothing sets this machine's clock", _SET)


def ask_system(mark: Path = SYNCHRONIZED, program: str | None = None) -> bool | None:
    """Whether the clock is synchronized, as systemd knows it; None when it does not tell. `program` is timedatectl."""
    if mark.exists():
        return True
    found = program or shutil.which("timedatectl")
    if found is None:
        return None
    words = [found, "show", "--property=NTPSynchronized", "--value"]
    try:
        answer = subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())


def is_wsl(kernel: Path = KERNEL) -> bool:
    """Whether this is Linux inside Windows."""
    try:
        return "microsoft" in kernel.read_text(encoding="utf-8").lower()
    except OSError:
        return False


def _postgres_ahead(stores: Stores) -> timedelta:
    def ask() -> datetime:
        found: datetime = session.scalars(select(func.clock_timestamp())).one()
        return found

    with stores.sessions() as session:
        session.connection()  # So that how long connecting takes is not measured.
        return measure_skew(stores.clock, ask)


def _redis_ahead(stores: Stores) -> timedelta:
    stores.redis.ping()
    return measure_skew(stores.clock, lambda: redis_time(stores))
