"""Filling a trading day with ticks inside PostgreSQL, without any of the code that will read them."""

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.ticks.partitions import ensure_partitions

DAY = date(2025, 10, 9)
LATER = datetime(2025, 12, 1, tzinfo=UTC)
SESSION_US = 82_800_000_000
# Every cell differs from its neighbours: prices over the whole range with all nine digits, negative ones and none,
# sizes up to the largest, several sources, instants that repeat. `h` and `g` are 60 bits of a hash of the number.
_FILL = f"""
INSERT INTO ticks (symbol, source, seq, ts, recv_ts, session_date, contract, ts_origin, last, bid, ask, open, high,
    low, close, change, last_size, bid_size, ask_size, volume, trade, delayed, created_at)
SELECT :symbol, (ARRAY['REPLAY', 'SIMULATED', 'SCHWAB', 'EXCEL'])[1 + h % 4], i,
    timestamptz '2025-10-08 22:00+00' + (i / 3 * ({SESSION_US} / :last)) * interval '1 microsecond',
    timestamptz '2025-10-08 22:00+00' + (i / 3 * ({SESSION_US} / :last) + h % 1000000) * interval '1 microsecond',
    :day, CASE WHEN h % 7 > 0 THEN :symbol || 'Z' || (h % 3 + 5) END, (ARRAY['exchange', 'local'])[1 + g % 2],
    CASE WHEN h % 5 > 0 THEN (h % 1999999999999999999 - 999999999999999999) * 0.000000001 END,
    CASE WHEN g % 3 > 0 THEN (6725 + g % 400 * 0.25) END,
    (g % 1000000000000 - 500000000000) * 0.000000001,
    CASE WHEN h % 11 = 0 THEN 999999999.999999999 WHEN h % 11 = 1 THEN -999999999.999999999 ELSE 0 END,
    CASE WHEN g % 2 = 0 THEN 0.000000001 * (g % 1000) END,
    -0.000000001 * (h % 1000), (h % 100000) * 0.00390625, CASE WHEN i % 2 = 0 THEN h % 100 * 0.5 END,
    CASE WHEN i % 3 = 0 THEN h % 1000 END, CASE WHEN g % 13 = 0 THEN 9223372036854775807 ELSE g % 50 END,
    CASE WHEN h % 4 > 0 THEN g % 77 END, i, i % 3 = 0, h % 17 = 0,
    timestamptz '2025-10-09 22:00+00' + (i / 1000) * interval '12345 microseconds'
FROM (
    SELECT i, ('x' || substr(md5(:symbol || i), 1, 15))::bit(60)::bigint AS h,
        ('x' || substr(md5(:symbol || i), 16, 15))::bit(60)::bigint AS g
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS i
) AS hashed
"""


def fill_day(sessions: sessionmaker[Session], symbol: str, last: int, first: int = 1, day: date = DAY) -> None:
    """Store ticks of a symbol with `seq` and `volume` from `first` to `last`, both included."""
    with sessions.begin() as session:
        ensure_partitions(session, [day])
        session.execute(text(_FILL), {"symbol": symbol, "first": first, "last": last, "day": day})
