"""The pass over a source's ticks that counts nearly all there is to count, each tick against the one before it."""

from typing import Any, Final

from app.analysis.quality.file_scan import FileScan
from app.analysis.quality.spikes import JUMP

LATE_S: Final = 5
# Clocks of two machines that are kept in step differ by less.
CLOCK_SKEW_S: Final = 1
# Delays are taken of about so many ticks of a file, picked by their number alone; of all where there are fewer.
SAMPLE: Final = 8_192

# A quote is compared with the one before it by its hash, which takes half the time of six comparisons.
_COUNT: Final = """
SELECT count(*) AS rows, count(*) - count(last) AS missing_price, count(*) FILTER (bid > ask AND inside) AS crossed,
    count(*) FILTER (least(last, bid, ask) <= 0) AS non_positive, {off_tick} AS off_tick,
    count(*) FILTER (least(last_size, bid_size, ask_size) <= 0) AS bad_size,
    count(*) FILTER (us = us_before AND seq = seq_before) AS duplicates,
    count(*) FILTER (us < us_before OR us = us_before AND seq < seq_before) AS out_of_order,
    count(*) FILTER (delay > {late}) AS late,
    count(*) FILTER (delay < -{skew}) AS future,
    count(*) FILTER (NOT inside) AS outside,
    count(*) FILTER (inside AND minute IS DISTINCT FROM minute_before) AS minutes,
    max({gap}) AS gap_us, max({regular_gap}) AS regular_gap_us, max(us - unchanged_since) AS stale_us,
    quantile_disc(delay, [0.5, 0.99]) FILTER ({sampled}) AS received_us,
    quantile_disc(epoch_us(created_at) - us, [0.5, 0.99]) FILTER ({sampled}) AS stored_us,
    count(*) FILTER (symbol <> $symbol) AS wrong_symbol, count(*) FILTER (session_date <> $day) AS wrong_day,
    min(us) AS oldest, max(us) AS newest, min(contract) AS contract, min(contract) <> max(contract) AS several,
    count(*) FILTER (abs(price - price_before) > {jump} * abs(price_before)) AS jumps
FROM (
    SELECT *, last_value(CASE WHEN is_new THEN us END IGNORE NULLS) OVER ({order} ROWS UNBOUNDED PRECEDING)
            AS unchanged_since,
        epoch_us(recv_ts) - us AS delay, us >= $open AND us < $close AS inside,
        (us - $open) // 60000000 AS minute,
        CASE WHEN us_before >= $open THEN (us_before - $open) // 60000000 END AS minute_before
    FROM (
        SELECT *, lag(us) OVER ({order}) AS us_before, lag(seq) OVER ({order}) AS seq_before,
            lag(price) OVER ({order}) AS price_before, coalesce(quoted <> lag(quoted) OVER ({order}), true) AS is_new
        FROM (SELECT *, hash(last, bid, ask, bid_size, ask_size, volume) AS quoted FROM ({ticks}))
    )
)
"""
_OFF_TICK: Final = "count(*) FILTER ({})".format(
    " OR ".join(f"{name} % $tick::DECIMAL(18, 9) <> 0" for name in ("last", "bid", "ask"))
)
# What lies within hours of the time between a tick and the one before it, or their begin.
_GAP: Final = "least(greatest(us, {0}), {1}) - least(greatest(coalesce(us_before, {0}), {0}), {1})"


def pass_over(scan: FileScan, order: str, known_rows: int) -> dict[str, Any]:
    """The counts by name, and signs of what deserves a closer look; with no tick the greatest and least are None.

    A gap is time within hours without a tick, from their open on up to the last tick. A tick is late when it was
    received more than LATE_S after its time, and in the future when its time is more than CLOCK_SKEW_S after receipt.
    Quotes cross only within hours: while orders are gathered for the open, bids above asks are as they should be.
    """
    (found,) = scan.ask(
        _COUNT,
        order=order,
        late=str(LATE_S * 1_000_000),
        skew=str(CLOCK_SKEW_S * 1_000_000),
        jump=str(JUMP),
        off_tick="NULL" if scan.scope.tick is None else _OFF_TICK,
        gap=_GAP.format("$open", "$close"),
        regular_gap="NULL" if scan.scope.regular is None else _GAP.format("$regular_open", "$regular_close"),
        sampled=f"hash(seq) % {max(1, known_rows // SAMPLE)} = 0",
    )
    delays = {name: found[name] and tuple(found[name]) for name in ("received_us", "stored_us")}
    return {**found, **delays}
