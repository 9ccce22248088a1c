"""Replaying recordings onto the bus, at their own pace or as fast as it goes."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from redis import Redis
from redis.exceptions import RedisError
from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_when_event_set, wait_random_exponential

from app.bus import keys
from app.bus.leases import acquire, release, renew
from app.bus.stream import STREAM_CAP, QuotePublisher
from app.clock import Clock
from app.collectors.recordings import Recording
from app.errors import Conflict, Unavailable
from app.market.market import Market
from app.quotes import PRICE_FIELDS, SIZE_FIELDS, Quote, seq_of

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE: Final = "REPLAY"
BATCH: Final = 500
RENEW_EVERY_S: Final = 2.0
_ONE: Final = Decimal(1)


@dataclass(frozen=True)
class ReplayPlan:
    """How to replay: `speed` as a multiple of the recorded pace (None: as fast as it goes); `as_live` stamps now."""

    speed: float | None = 1.0
    as_live: bool = False
    stream_cap: int = STREAM_CAP


def replay(
    client: Redis,
    recordings: Sequence[Recording],
    plan: ReplayPlan,
    market: Market,
    clock: Clock,
    stop: Event,
    on_batch: Callable[[int], None] = lambda _count: None,
) -> int:
    """Publish the recordings one after another as source REPLAY; returns how many quotes were published.

    Recorded `ts` and `seq` are kept, so the same file again changes nothing in storage, unless `as_live` gives the
    quotes the present time and new numbers. Waits while the bus is away or full. Conflict when another replay runs.
    """
    lease = acquire(client, keys.lease(SOURCE), keys.epoch(SOURCE))
    publisher = QuotePublisher(client, lease, cap=plan.stream_cap)
    published, renew_at, numbers = 0, time.monotonic() + RENEW_EVERY_S, count(1)
    try:
        for batch in _paced(_chunks(recordings, market, clock), plan.speed, stop):
            quotes = _as_live(batch, clock, market, lease.token, numbers) if plan.as_live else batch
            for attempt in _attempts(stop):
                with attempt:
                    if time.monotonic() > renew_at:
                        _keep(client, lease)
                        renew_at = time.monotonic() + RENEW_EVERY_S
                    publisher.publish(quotes)
            published += len(quotes)
            on_batch(len(quotes))
    finally:
        with contextlib.suppress(RedisError):  # It expires by itself where the server is away.
            release(client, lease)
    return published


def _keep(client: Redis, lease: Any) -> None:
    try:
        kept = renew(client, lease)
    except RedisError as error:
        raise Unavailable(f"Redis is away ({type(error).__name__})") from error
    if not kept:
        raise Conflict(f"{lease.key} has passed to another replay: this one ends")


def _chunks(recordings: Iterable[Recording], market: Market, clock: Clock) -> Iterator[list[Quote]]:
    for recording in recordings:
        for batch in recording.batches():
            for start in range(0, batch.num_rows, BATCH):
                yield _quotes(batch.slice(start, BATCH), market, clock.now())


def _quotes(batch: "pa.RecordBatch", market: Market, recv_ts: datetime) -> list[Quote]:
    names = batch.schema.names
    columns = {name: batch[name].to_pylist() for name in names}
    columns["ts"] = [ts.replace(tzinfo=UTC) for ts in columns["ts"]]
    for name in set(PRICE_FIELDS) & set(names):
        columns[name] = [price if price is None else _shortest(price) for price in columns[name]]
    if "trade" not in columns:
        columns["trade"] = [size is not None for size in columns.get("last_size", [None] * batch.num_rows)]
    days = _days(columns["ts"], market)
    kept = [name for name in Quote._fields if name in columns and name not in ("symbol", "seq", "ts")]
    rows = zip(columns["symbol"], columns["seq"], columns["ts"], days, *(columns[name] for name in kept), strict=True)
    return [
        Quote(symbol, SOURCE, seq, ts, recv_ts, day, **dict(zip(kept, rest, strict=True)))
        for symbol, seq, ts, day, *rest in rows
    ]


def _days(times: Sequence[datetime], market: Market) -> list[date]:
    window, days = market.window_of(times[0]), []
    for ts in times:
        if not window.start <= ts < window.end:
            window = market.window_of(ts)
        days.append(window.day)
    return days


def _shortest(price: Decimal) -> Decimal:
    short = price.normalize()
    return short.quantize(_ONE) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]


def _as_live(
    batch: Sequence[Quote], clock: Clock, market: Market, token: int, numbers: Iterator[int]
) -> list[Quote]:
    now = clock.now()
    day = market.session_of(now)
    stamp = {"ts": now, "recv_ts": now, "session_date": day, "ts_origin": "local"}
    return [quote._replace(seq=seq_of(token, next(numbers)), **stamp) for quote in batch]


def _paced(chunks: Iterable[list[Quote]], speed: float | None, stop: Event) -> Iterator[list[Quote]]:
    began, origin = 0.0, None
    for chunk in chunks:
        if stop.is_set():
            return
        if speed is None:
            yield chunk
            continue
        if origin is None:
            began, origin = time.monotonic(), chunk[0].ts
        yield from _due(chunk, lambda ts: began + (ts - origin).total_seconds() / speed, stop)


def _due(chunk: list[Quote], due_at: Callable[[datetime], float], stop: Event) -> Iterator[list[Quote]]:
    at = 0
    while at < len(chunk) and not stop.is_set():
        stop.wait(max(0.0, due_at(chunk[at].ts) - time.monotonic()))
        now, end = time.monotonic(), at + 1
        while end < len(chunk) and due_at(chunk[end].ts) <= now:
            end += 1
        yield chunk[at:end]
        at = end


def _attempts(stop: Event) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(Unavailable),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        sleep=sleep_using_event(stop),
        stop=stop_when_event_set(stop),
        reraise=True,
    )
