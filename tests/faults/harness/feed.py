"""A feed in a thread: publishes the ledger's events in their order, and marks what came of each batch."""

import contextlib
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread

from app.collectors.publishing import SourcePublisher
from app.errors import Unavailable
from tests.faults.harness.ledger import SOURCE, Ledger
from tests.waiting import until

RETRY_S = 0.05
PATIENCE_S = 300.0


class Feed:
    """Publishes the events from `first` up to those allowed, each batch again and again until it is accepted.

    It begins with the first event that nobody attempted unless `first` is given, and keeps to `rate_per_s` if that is.
    """

    def __init__(
        self,
        publisher: SourcePublisher,
        ledger: Ledger,
        *,
        first: int | None = None,
        portion: int = 500,
        rate_per_s: float = 0,
    ) -> None:
        self._publisher, self._ledger = publisher, ledger
        self._portion, self._rate_per_s = portion, rate_per_s
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._error: Exception | None = None
        self.allowed = self.done = ledger.next_index if first is None else first
        self.ended_at = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def allow(self, count: int) -> None:
        """Let it publish so many events in all."""
        self.allowed = min(count, self._ledger.size)

    def wait(self, condition: Callable[[], object] | None = None, deadline_s: float = PATIENCE_S) -> None:
        """Return once the condition holds, or everything allowed is published; AssertionError when the feed failed."""

        def holds() -> bool:
            if self._error:
                raise AssertionError(f"the feed failed: {self._error!r}") from self._error
            return bool(condition()) if condition else self.done >= self.allowed

        until(holds, deadline_s)

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        began, due = time.monotonic(), 0.0
        try:
            while not self._stop.is_set():
                count = min(self._portion, self.allowed - self.done)
                if count <= 0:
                    began, due = time.monotonic(), 0.0
                    with contextlib.suppress(Unavailable):
                        self._publisher.publish([])  # Keeps the lease.
                    self._stop.wait(0.01)
                    continue
                self._publish(count)
                due += count / self._rate_per_s if self._rate_per_s else 0.0
                self._stop.wait(max(0.0, began + due - time.monotonic()))
        except Exception as error:  # The thread's last words; `wait` raises them.
            self._error = error

    def _publish(self, count: int) -> None:
        first = self.done
        seqs = [self._publisher.next_seq() for _ in range(count)]
        self._ledger.attempt(first, seqs)
        events = [self._ledger.event(first + place, seq) for place, seq in enumerate(seqs)]
        while not self._stop.is_set():
            try:
                self._publisher.publish(events)
            except Unavailable as error:
                (self._ledger.refuse if "full" in str(error) else self._ledger.lose_sight)()
                self._stop.wait(RETRY_S)
                continue
            self._ledger.acknowledge(first, count)
            self.done, self.ended_at = first + count, time.monotonic()
            return


@contextlib.contextmanager
def feeding(feed: Feed) -> Iterator[Feed]:
    """A running feed for the length of a block."""
    feed.start()
    try:
        yield feed
    finally:
        feed.close()


def source_publisher(client: object, source: str = SOURCE) -> SourcePublisher:
    """A publisher of the ledger's source."""
    return SourcePublisher(client, source)  # type: ignore[arg-type]
