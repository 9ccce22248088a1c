"""A feed at a steady rate, as a process of its own: `python -m benchmarks.feed REDIS_URL RATE SECONDS`.

Every quote carries in `recv_ts` when it was handed to the publisher.
"""

import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal

from app.bus import keys
from app.bus.connection import connect
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from app.market.markets import market
from app.quotes import Quote, seq_of

SYMBOLS = ("ES", "NQ", "YM", "RTY", "CL", "GC", "ZN", "6E")
STEP_S = 0.01
LEASE_S = 3600


def run_feed(redis_url: str, rate_per_s: float, seconds: float) -> int:
    """Publish so many quotes a second for so long, in batches of 10 ms; returns how many were published."""
    client = connect(redis_url)
    lease = acquire(client, keys.lease("SIMULATED"), keys.epoch("SIMULATED"), ttl_s=LEASE_S)
    publisher = QuotePublisher(client, lease)
    window = market().window_of(datetime.now(UTC))
    began, published = time.monotonic(), 0
    while (elapsed_s := time.monotonic() - began) < seconds:
        now = datetime.now(UTC)
        if now >= window.end:
            window = market().window_of(now)
        due = int(elapsed_s * rate_per_s)
        publisher.publish([_quote(number, lease.token, now, window.day) for number in range(published, due)])
        published = due
        time.sleep(max(0.0, STEP_S - (time.monotonic() - began - elapsed_s)))
    return published


def _quote(number: int, token: int, now: datetime, day: date) -> Quote:
    price = Decimal(672500 + number * 7 % 400 * 25).scaleb(-2)
    return Quote(
        SYMBOLS[number % len(SYMBOLS)],
        "SIMULATED",
        seq_of(token, number + 1),
        now,
        now,
        day,
        "ESZ25",
        last=price,
        bid=price - Decimal("0.25"),
        ask=price,
        last_size=number % 9 + 1,
        bid_size=number % 50,
        ask_size=number % 40,
        volume=number,
        trade=number % 3 == 0,
    )


if __name__ == "__main__":
    print(run_feed(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
