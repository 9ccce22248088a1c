"""A process that forks refreshers of a login, one for each line that it reads, and tells their pids.

    python -m tests.faults.harness.refresher DIRECTORY API_URL CLIENT_ID CLIENT_SECRET

Each refreshes for as long as it lives, as fast as it can; forked, it has nothing left to load. It tells `go` before it
begins.
"""

import os
import signal
import sys
from pathlib import Path

from app.clock import SystemClock
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.refreshing import Refresher
from app.collectors.schwab.upstream import library


def plan_of(directory: Path, api_url: str, client_id: str, client_secret: str) -> SchwabPlan:
    """The plan of a login that is kept in a directory."""
    return SchwabPlan(client_id, client_secret, "https://127.0.0.1:8182", directory / "token.json", api_url)


def refresh_forever(plan: SchwabPlan) -> None:
    """Refuse each access token as soon as it is given."""
    refresher, refused = Refresher(plan, SystemClock()), None
    while True:
        refused = refresher.good(refused).token.access_token


def tell(word: str) -> None:
    """A line in one piece: parent and child share the pipe."""
    os.write(sys.stdout.fileno(), f"{word}\n".encode())


def serve(plan: SchwabPlan) -> None:
    """Fork a refresher for each line of standard input."""
    library()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            tell("go")
            refresh_forever(plan)
        tell(str(pid))


if __name__ == "__main__":
    serve(plan_of(Path(sys.argv[1]), *sys.argv[2:]))
