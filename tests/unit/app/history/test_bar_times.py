from datetime import UTC, datetime

import pyarrow as pa

from app.history.bar_times import instants_in, micros_in

OPENED = datetime(2025, 10, 9, 15, 30, 0, 250_000, tzinfo=UTC)
BARS = pa.table({"t_open": pa.array([OPENED], pa.timestamp("us", "UTC"))})


def test_times_are_told_to_the_microsecond():
    assert micros_in(BARS, "t_open").to_pylist() == [1_760_023_800_250_000]
    assert instants_in(BARS, "t_open") == [OPENED]


def test_no_bars_have_no_times():
    assert instants_in(BARS.slice(1), "t_open") == []
