"""A live source for tests: holds its lease, tells how its feed stands, and publishes quotes."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import Lease, acquire, release
from app.bus.stream import QuotePublisher
from app.clock import Clock
from app.quotes import Quote, seq_of
from tests.factories import quote


class LiveSource:
    """One source at work from its making on; its time is the clock's."""

    def __init__(self, bus: Redis, source: str, clock: Clock) -> None:
        self._bus, self.source, self._clock = bus, source, clock
        self._lease: Lease = acquire(bus, keys.lease(source), keys.epoch(source))
        self._publisher = QuotePublisher(bus, self._lease)
        self._sent = 0
        self.tell(steady_s=60)

    def tell(self, steady_s: float | None, feed: str = "streaming") -> None:
        """Write the health of a feed that has delivered for so long, or does not at present."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        steady_ms = "" if steady_s is None else now_ms - int(steady_s * 1000)
        health = {"at_ms": now_ms, "state": "running", "feed": feed, "steady_ms": steady_ms}
        write_hash(self._bus, keys.health(self.source), health)

    def quote(self, bid: str, symbol: str = "ES", age_s: float = 0, **parts: Any) -> Quote:
        """Publish a quote with the ask a quarter above the bid."""
        self._sent += 1
        ts: datetime = self._clock.now() - timedelta(seconds=age_s)
        price = Decimal(bid)
        known: dict[str, Any] = {"bid": price, "ask": price + Decimal("0.25"), "last": price, "ts": ts, "recv_ts": ts}
        made = quote(symbol=symbol, source=self.source, seq=seq_of(self._lease.token, self._sent), **(known | parts))
        self._publisher.publish([made])
        return made

    def die(self) -> None:
        """Be gone without a word: the lease is free and the health as it was."""
        release(self._bus, self._lease)

    def stop(self) -> None:
        """End in order."""
        write_hash(self._bus, keys.health(self.source), {"state": "stopped"})
        release(self._bus, self._lease)
