"""A source of quotes for tests: real publishing under a lease, with counted sequence numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from redis import Redis

from app.bus import keys
from app.bus.leases import acquire, release, renew
from app.bus.stream import QuotePublisher
from app.quotes import Quote, seq_of


class TestSource:
    """Holds the lease of REPLAY while the block runs."""

    __test__ = False

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.sent = 0

    def __enter__(self) -> "TestSource":
        self._lease = acquire(self._client, keys.lease("REPLAY"), keys.epoch("REPLAY"))
        self._publisher = QuotePublisher(self._client, self._lease)
        return self

    def __exit__(self, *_error: object) -> None:
        release(self._client, self._lease)

    def publish(self, count: int, symbols: Sequence[str] = ("ES",), ts: datetime | None = None) -> None:
        """Publish quotes whose `volume` counts 1, 2, 3 … over the whole life of this source, 500 at a time."""
        left = count
        while left:
            batch = [self._next(symbols, ts or datetime.now(UTC)) for _ in range(min(left, 500))]
            renew(self._client, self._lease)
            self._publisher.publish(batch)
            left -= len(batch)

    def _next(self, symbols: Sequence[str], ts: datetime) -> Quote:
        symbol = symbols[self.sent % len(symbols)]
        self.sent += 1
        seq = seq_of(self._lease.token, self.sent)
        last = Decimal("6751.25")
        return Quote(symbol, "REPLAY", seq, ts, ts, ts.date(), last=last, volume=self.sent, trade=True)
