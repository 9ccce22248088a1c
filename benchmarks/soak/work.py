"""What people and programs ask of Thor meanwhile, so that every process works: streams, requests, analyses, exports."""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from threading import Event, Thread
from typing import Final

from app.client.thor import Thor
from app.errors import ThorError
from app.local.stack import FLOWER_TASKS
from benchmarks.soak.desk import Desk
from benchmarks.soak.record import SYMBOLS

READ_EVERY_S: Final = 2.0
ASK_EVERY_S: Final = 20.0
COMES_BACK_S: Final = 1.0
FLOWER_LOOK_S: Final = 10.0
FLOWER_PACE_S: Final = 0.02
FLOWER_FILLED: Final = FLOWER_TASKS * 3 // 2  # It keeps four events for each task as well; a task has three.
JOBS_PAGE: Final = 100
SIMULATED: Final = "ES"


class Follower:
    """A client of the event stream that comes back by itself. `newest` is the time of the newest quote it was sent.

    `repeated` counts quotes that it was sent with a number it had, `resets` how often it was told that some are lost.
    """

    def __init__(self, url: str, symbol: str) -> None:
        self.quotes = self.repeated = self.resets = self.failures = 0
        self.newest = datetime.fromtimestamp(0, UTC)
        self._url, self._symbol, self._last_seq = url, symbol, 0
        Thread(target=self._follow, name=f"follower of {symbol}", daemon=True).start()

    def _follow(self) -> None:
        with Thor(self._url) as thor:
            while True:
                try:
                    for event in thor.stream([self._symbol]):
                        self._take(event.name, event.data)
                except ThorError:
                    self.failures += 1
                    time.sleep(COMES_BACK_S)

    def _take(self, name: str, data: dict[str, str]) -> None:
        if name == "quote":
            self.quotes += 1
            self.repeated += int(data["seq"]) <= self._last_seq
            self._last_seq = max(self._last_seq, int(data["seq"]))
            self.newest = max(self.newest, datetime.fromisoformat(data["ts"]))
        self.resets += name == "reset"


class Workload:
    """Requests in threads until it is closed; `done` and `failed` count them by what was asked."""

    def __init__(self, url: str, key: str, days: Sequence[date], export: Callable[[date], None]) -> None:
        self._url, self._key, self._days, self._export = url, key, list(days), export
        self._ended = Event()
        self.done: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self._threads = [Thread(target=one, daemon=True) for one in (self._read, self._ask)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask for nothing more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _read(self) -> None:
        with Thor(self._url, self._key, patience_s=0.0) as thor:
            while not self._ended.wait(READ_EVERY_S):
                since = datetime.now(UTC) - timedelta(seconds=20)
                self._try("quotes", lambda: thor.quotes([*SYMBOLS, SIMULATED]))
                self._try("bars", lambda: thor.bars(SIMULATED, "1m", last=60))
                self._try("ticks", partial(thor.ticks, SYMBOLS[0], since, limit=2000))
                self._try("jobs", lambda: next(thor.jobs(), None))

    def _ask(self) -> None:
        with Thor(self._url, self._key) as thor:
            # Requests for a page of jobs are answered with a longer one until it is full: what is known fills it fast.
            for _ in range(JOBS_PAGE):
                self._try("analysis", partial(self._submit, thor, "single", 0))
            # Its own seed for each, as an analysis that was worked out before is taken from the cache.
            for number in count():
                kind, day = ("single", "series", "prediction")[number % 3], self._days[number % len(self._days)]
                self._try("analysis", partial(self._submit, thor, kind, number + 1))
                self._try("export", partial(self._export, day))
                if self._ended.wait(ASK_EVERY_S):
                    return

    def _submit(self, thor: Thor, kind: str, seed: int) -> None:
        first, last = self._days[0].isoformat(), self._days[-1].isoformat()
        thor.submit_job([SIMULATED], kind=kind, start_date=first, end_date=last, parameters={"seed": seed})

    def _try(self, what: str, ask: Callable[[], object]) -> None:
        counted = self.failed
        with contextlib.suppress(ThorError):  # What is away answers so, and the next request tries again.
            ask()
            counted = self.done
        counted[what] = counted.get(what, 0) + 1


def keep_flower_full(desk: Desk, over: Event) -> None:
    """Until it is over, send each new life of Flower as many tasks as it remembers, small ones of the control queue.

    It keeps the newest tasks up to a number that a soak alone does not reach: its memory would grow until it has them.
    So does their worker, which remembers as many.
    """
    filled = None
    while not over.wait(FLOWER_LOOK_S):
        pids = desk.pids()
        lives = pids.get("flower"), pids.get("control")
        if lives != filled and None not in lives and _fill_flower(desk, over):
            filled = lives


def _fill_flower(desk: Desk, over: Event) -> bool:
    with contextlib.suppress(ThorError):
        for _ in range(FLOWER_FILLED):
            desk.stores.dispatch.deliver_alerts()
            if over.wait(FLOWER_PACE_S):
                break
        return True
    return False
