"""The recorded Christmas night through the stand-in for Schwab: the stored ticks equal the file.

Every row of the file tells the whole top of book, and the size of a trade where it is one; it is streamed as Schwab
does, as the fields that changed. A tick equals a row when bid, ask, last, their sizes, volume and the millisecond do,
and whether it traded. Schwab tells no finer times, so `ts` is the recorded one cut to milliseconds, and `last_size` is
that of the last trade so far. A row that repeats all that within one millisecond changes no field, so that there is
nothing to stream; each of the others is one tick, in order.
"""

from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from app.collectors.publishing import SourcePublisher
from tests.hours import SHARED, needs_shared_data
from tests.ingesting import drain, ingestor
from tests.schwab.standin import StandIn
from tests.schwab_feeds import FUTURES, plan_of, running

__all__ = ["drain", "ingestor"]

CHRISTMAS = SHARED / "es_20231225_l1_christmas_reopen.parquet"
BOOK = {"bid": 1, "ask": 2, "bid_size": 4, "ask_size": 5}
TRADE = {"last": 3, "volume": 8, "last_size": 9}
QUOTE_TIME, TRADE_TIME = 10, 11
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
TICKS = "SELECT ts, bid, ask, bid_size, ask_size, last, last_size, volume, trade FROM ticks ORDER BY seq"


@needs_shared_data
@pytest.mark.timeout(300)
def test_the_recorded_night_is_stored_event_by_event(bus, sessions, drain, tmp_path):
    rows = pq.read_table(CHRISTMAS).to_pylist()
    updates = list(streamed(rows))
    told = [row for row, update, before in zip(rows, updates, [{}, *updates], strict=False) if update != before]

    figures = collect(bus, tmp_path, updates, len(told))
    drain()

    with sessions() as session:
        ticks = [tuple(tick) for tick in session.execute(text(TICKS))]
        kinds = session.execute(text("SELECT DISTINCT source, symbol, ts_origin, session_date::text FROM ticks")).all()
    assert len(told) > 25_000
    assert ticks == list(recorded(told))
    assert kinds == [("SCHWAB", "ES", "exchange", "2023-12-26")]
    assert (figures["malformed"], figures["dropped_messages"], figures["odd_times"]) == (0, 0, 0)


def collect(bus, directory, updates, count):
    """Stream the updates and publish what comes of them, until there are so many quotes."""
    publisher, published = SourcePublisher(bus, "SCHWAB"), 0
    with StandIn() as schwab, running(plan_of(schwab, directory), ["/ES"], next_seq=publisher.next_seq) as feed:
        schwab.wait_for_subscription("/ES")
        schwab.updates((FUTURES, "/ES", update) for update in updates)

        def is_done(quotes):
            nonlocal published
            publisher.publish(quotes[published:])
            published = len(quotes)
            return published >= count

        feed.wait(is_done, deadline_s=120)
        return feed.feed.state().figures


def streamed(rows):
    """All fields as they are after each row."""
    known = {}
    for row in rows:
        millis = (row["ts"] - EPOCH) // MILLISECOND
        book = {number: float(row[name]) if name in ("bid", "ask") else row[name] for name, number in BOOK.items()}
        is_trade = row["last_size"] is not None
        if not is_trade or any(known.get(number) != value for number, value in book.items()):
            book[QUOTE_TIME] = millis
        traded = {number: row[name] for name, number in TRADE.items()} if is_trade else {8: row["volume"]}
        if is_trade:
            traded |= {3: float(row["last"]), TRADE_TIME: millis}
        known = known | book | traded
        yield known


def recorded(rows):
    """What a quote is to show of each row."""
    before, last_size, traded_at = None, None, None
    for row in rows:
        ts = EPOCH + (row["ts"] - EPOCH) // MILLISECOND * MILLISECOND
        is_trade = row["last_size"] is not None
        more = before is not None and row["volume"] > before["volume"]
        later = traded_at is not None and is_trade and ts > traded_at
        last_size = row["last_size"] if is_trade else last_size
        traded_at = ts if is_trade else traded_at
        before = row
        last = row["last"] if traded_at else None
        book = tuple(row[name] for name in BOOK)
        yield ts, *book, last, last_size, row["volume"], more or later
