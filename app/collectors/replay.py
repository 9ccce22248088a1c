"""Replaying recordings onto the bus, at their own pace or as fast as it goes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Event
from typing import TYPE_CHECKING, Final

from redis import Redis

from app.bus.stream import STREAM_CAP
from app.clock import Clock
from app.collectors.pacing import paced
from app.collectors.publishing import SourcePublisher
from app.collectors.recordings import Recording
from app.market.market import Market
from app.quotes import PRICE_FIELDS, Quote

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE: Final = "REPLAY"
BATCH: Final = 500


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
    publisher, published = SourcePublisher(client, SOURCE, cap=plan.stream_cap), 0
    lists: Iterable[list[Quote]] = paced(_chunks(recordings, market, clock), plan.speed, stop)
    if plan.as_live:
        lists = (_as_live(quotes, clock, market, publisher.next_seq) for quotes in lists)
    try:
        for count in publisher.publish_all(lists, stop):
            published += count
            on_batch(count)
    finally:
        publisher.release()
    return published


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
        columns[name] = [None if price is None else price.normalize() for price in columns[name]]
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


def _as_live(batch: Sequence[Quote], clock: Clock, market: Market, next_seq: Callable[[], int]) -> list[Quote]:
    now = clock.now()
    day = market.session_of(now)
    return [quote._replace(ts=now, recv_ts=now, session_date=day, ts_origin="local", seq=next_seq()) for quote in batch]
