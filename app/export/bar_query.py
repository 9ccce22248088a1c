"""Ticks to bars, as questions to DuckDB: one pass over a tick file makes minutes, and minutes make every timeframe."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from app.lake.layout import TIMEFRAMES
from app.lake.schemas import BAR_FILE
from app.market.sessions import Session

AT_OPEN: Final = timedelta(seconds=60)
_MINUTE_S: Final = 60

# A published file is in the order of (ts, seq), so the row's number stands for both; others are numbered in it.
_NUMBERED: Final = {
    True: "SELECT *, file_row_number AS place FROM read_parquet($path, file_row_number = true)",
    False: "SELECT *, row_number() OVER (ORDER BY ts, seq) AS place FROM read_parquet($path)",
}
_PARTS: Final = """
SELECT source, coalesce(contract, '') AS contract, minute, open, high, low, close, first_place, last_place,
    tick_count, v_first, v_last, v_min, v_max, v_ts
FROM (
    SELECT source, contract, (epoch_us(ts) - epoch_us($open)) // 60000000 AS minute,
        arg_min(last, place) FILTER (priced) AS open, max(last) FILTER (priced) AS high,
        min(last) FILTER (priced) AS low, arg_max(last, place) FILTER (priced) AS close,
        min(place) FILTER (priced) AS first_place, max(place) FILTER (priced) AS last_place,
        count(*) AS tick_count,
        arg_min(volume, place) AS v_first, arg_max(volume, place) AS v_last,
        min(volume) AS v_min, max(volume) AS v_max, min(ts) FILTER (volume IS NOT NULL) AS v_ts
    FROM ({events}) GROUP BY ALL
)
"""
_FLAGGED: Final = """
SELECT *, trade AND last IS NOT NULL AS priced FROM ({ticks}) WHERE ts >= $open AND ts < $close
"""
_INFERRED: Final = """
SELECT *, last IS NOT NULL AND (
    last IS DISTINCT FROM lag(last IGNORE NULLS) OVER earlier OR volume > lag(volume IGNORE NULLS) OVER earlier
) AS priced
FROM ({ticks}) WHERE ts >= $open AND ts < $close AND source IN (SELECT unnest($silent))
WINDOW earlier AS (PARTITION BY source ORDER BY place)
"""
_SILENT: Final = "SELECT source FROM parts GROUP BY source HAVING count(first_place) = 0"
_COUNTERS: Final = """
SELECT source, contract, min(v_ts) AS since,
    bool_and(v_first = v_min AND v_last = v_max AND v_first >= coalesce(before, v_first)) AS steady
FROM (
    SELECT *, lag(v_last) OVER (PARTITION BY source, contract ORDER BY minute) AS before
    FROM parts WHERE v_ts IS NOT NULL
)
GROUP BY source, contract
"""
