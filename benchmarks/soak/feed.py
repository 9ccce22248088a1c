"""A collector of its own process whose feed is the record: python -m benchmarks.soak.feed RECORD SIZE BEGAN_US RATE.

It is Thor's collector with its spool. What is due it makes at once, also what became due while it was dead.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from typing import Final

from app.bus.connection import without_retries
from app.cli.stopping import stop_on_signals
from app.collectors.feeds import Feed, SteppedFeed
from app.collectors.run import Assignment, run_collector
from app.collectors.spool import Spool
from app.factory import create_app
from app.local.pauses import steady_memory
from app.logs import configure_logs
from app.operations.collecting import ANSWER_S, STEP_S
from app.quotes import Quote
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from benchmarks.soak.record import SOURCE, SYMBOLS, Record
from tests.fakes import RecordingDispatch

PORTION: Final = 2000


class RecordFeed:
    """Gives what is due of the record, a portion at each step; being asked again means that it was accepted."""

    def __init__(self, record: Record, next_seq: Callable[[], int]) -> None:
        self._record, self._next_seq = record, next_seq
        self._given = (record.next_index, 0)

    def step(self, now: datetime) -> Sequence[Quote]:
        """The next events that are due, none where there are none."""
        first, count = self._given
        if count:
            self._record.acknowledge(first, count)
        first += count
        seqs = [self._next_seq() for _ in range(min(PORTION, self._record.due(now) - first))]
        if seqs:
            self._record.attempt(first, seqs)
        self._given = (first, len(seqs))
        return [self._record.event(first + place, seq) for place, seq in enumerate(seqs)]


def main(path: str, size: str, began_us: str, rate_per_s: str) -> None:
    """Collect until the process is told to end."""
    settings = load_settings(_env_file=None)
    configure_logs("INFO", "console", (None, None))
    stores: Runtime = create_app(settings, RecordingDispatch()).extensions[EXTENSION]
    began = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(began_us))
    record = Record(Path(path), int(size), began, float(rate_per_s), lambda ts: stores.market.window_of(ts).day)
    stop = Event()

    def make_feed(next_seq: Callable[[], int]) -> Feed:
        return SteppedFeed(RecordFeed(record, next_seq).step, SYMBOLS)

    place = settings.state_dir / "spool" / f"{SOURCE}.db"
    open_spool = partial(Spool, place, SOURCE, settings.spool_max_mb * 1_000_000)
    assignment = Assignment(SOURCE, STEP_S, lambda: True, make_feed, open_spool, stores.market)
    connecting = stores.connect_redis(socket_timeout_s=ANSWER_S)
    with stop_on_signals(stop), steady_memory(), connecting as client:
        run_collector(without_retries(client), assignment, stores.clock, stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
