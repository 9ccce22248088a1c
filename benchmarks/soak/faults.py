"""What is done to a running Thor, and in which order."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import psutil
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.soak.desk import FEED, Desk

KILLED: Final = ("web", "collectors", "ingest", "export", "analysis", "control", "beat", "flower", "valkey", FEED)
WITH_CHILDREN: Final = ("web", "export", "analysis")
FROZEN: Final = ("ingest", "valkey", "postgres")
FROZEN_S: Final = 10.0
OUTAGE_S: Final = 20.0
LOOK_S: Final = 0.2


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong; `strike` returns once it is over."""

    name: str
    strike: Callable[[Desk], None]


def kill(name: str, desk: Desk) -> None:
    """kill -9 of a process, and of nothing that it has started."""
    _signal(desk.pids().get(name), signal.SIGKILL)


def kill_children(name: str, desk: Desk) -> None:
    """kill -9 of all processes that a process has started."""
    for child in _children(desk.pids().get(name)):
        _signal(child.pid, signal.SIGKILL)


def freeze(name: str, desk: Desk) -> None:
    """Have a process with all its children stand still for 10 s."""
    pid = desk.pids().get(name)
    members = [pid, *(child.pid for child in _children(pid))]
    try:
        for member in members:
            _signal(member, signal.SIGSTOP)
        time.sleep(FROZEN_S)
    finally:
        for member in members:
            _signal(member, signal.SIGCONT)


def stop_postgres(desk: Desk) -> None:
    """PostgreSQL's immediate stop, after which it recovers from its log."""
    _signal(desk.pids().get("postgres"), signal.SIGQUIT)


def stay_away(name: str, desk: Desk) -> None:
    """kill -9 of a process whenever it comes back, for 20 s."""
    over_at = time.monotonic() + OUTAGE_S
    while time.monotonic() < over_at:
        kill(name, desk)
        time.sleep(LOOK_S)


def drop_redis(desk: Desk) -> None:
    """Cut every connection of a client to Redis."""
    with contextlib.suppress(RedisError):
        for kind in ("normal", "pubsub"):
            desk.stores.redis.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "no")


def drop_postgres(desk: Desk) -> None:
    """Cut every connection to PostgreSQL."""
    with contextlib.suppress(SQLAlchemyError), desk.stores.sessions() as session:
        session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        )


# They leave Thor's own processes alive, so that each has one life to judge, in which all of them come several times.
OUTAGES: Final = (
    *(Fault(f"freeze {name} for 10 s", partial(freeze, name)) for name in FROZEN),
    Fault("stop postgres at once", stop_postgres),
    Fault("drop the connections to Redis", drop_redis),
    Fault("drop the connections to PostgreSQL", drop_postgres),
)
FAULTS: Final = (
    *(Fault(f"kill {name}", partial(kill, name)) for name in KILLED),
    *(Fault(f"kill the children of {name}", partial(kill_children, name)) for name in WITH_CHILDREN),
    Fault("keep ingest away for 20 s", partial(stay_away, "ingest")),
    *OUTAGES,
)


def draw(count: int, seed: int, among: Sequence[Fault] = FAULTS) -> list[Fault]:
    """So many faults by chance, the same ones for a seed; none comes again before all others have."""
    chance, drawn = random.Random(seed), list[Fault]()
    while len(drawn) < count:
        drawn += chance.sample(among, len(among))
    return drawn[:count]


def _children(pid: int | None) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True) if pid else []
    return []


def _signal(pid: int | None, number: signal.Signals) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
