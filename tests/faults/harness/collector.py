"""A collector whose feed are the ledger's events: python -m tests.faults.harness.collector LEDGER END PORTION PAUSE_S.

It goes on with the first event that no process before it has attempted, as a live feed does.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from app.bus.connection import without_retries
from app.cli.stopping import stop_on_signals
from app.collectors.feeds import Feed, SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.collectors.spool import Spool
from app.factory import create_app
from app.logs import configure_logs
from app.operations.collecting import ANSWER_S
from app.quotes import Quote
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.fakes import RecordingDispatch
from tests.faults.harness.ledger import SOURCE, Ledger


class LedgerFeed:
    """Gives the ledger's events up to `end`, some at each step; being asked again means that those were accepted."""

    def __init__(self, ledger: Ledger, end: int, portion: int, next_seq: Callable[[], int]) -> None:
        self._ledger, self._end, self._portion, self._next_seq = ledger, end, portion, next_seq
        self._given = (ledger.next_index, 0)

    def step(self, _now: datetime) -> Sequence[Quote]:
        """The next events, none at the end."""
        first, count = self._given
        if count:
            self._ledger.acknowledge(first, count)
        first += count
        seqs = [self._next_seq() for _ in range(min(self._portion, self._end - first))]
        self._ledger.attempt(first, seqs)
        self._given = (first, len(seqs))
        return [self._ledger.event(first + place, seq) for place, seq in enumerate(seqs)]


def main(path: str, end: str, portion: str, pause_s: str) -> None:
    """Collect until the process is told to end."""
    settings = load_settings(_env_file=None)
    configure_logs("INFO", "console", (None, None))
    stores: Runtime = create_app(settings, RecordingDispatch()).extensions[EXTENSION]
    ledger, stop = Ledger(Path(path)), Event()

    def make_feed(next_seq: Callable[[], int]) -> Feed:
        return SteppedFeed(LedgerFeed(ledger, int(end), int(portion), next_seq).step)

    place = settings.state_dir / "spool" / f"{SOURCE}.db"
    open_spool = partial(Spool, place, SOURCE, settings.spool_max_mb * 1_000_000)
    assignment = Assignment(SOURCE, float(pause_s), lambda: True, make_feed, open_spool, stores.market)
    with stop_on_signals(stop), stores.connect_redis(socket_timeout_s=ANSWER_S) as client:
        run_collector(without_retries(client), assignment, stores.clock, stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
