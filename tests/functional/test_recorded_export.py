from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from app.export.bars import generate_bars
from app.export.ticks import export_day
from app.lake.inspection import read_batches
from app.lake.layout import Lake
from app.market.markets import Markets, market
from app.ticks.partitions import ensure_partitions
from app.ticks.store import COPY_COLUMNS, append_ticks
from tests.tree import ROOT

RECORDED = ROOT.parent / "shared" / "data"
GOLD = "gc_20131007_20131008_trades"
CHRISTMAS = "es_20231225_l1_christmas_reopen"
MIDNIGHT = "es_20240701_l1_utc_midnight"
ROWS_BY_DAY = {
    GOLD: {date(2013, 10, 7): 39_306, date(2013, 10, 8): 50_995, date(2013, 10, 9): 1_439},
    CHRISTMAS: {date(2023, 12, 26): 25_490},
    MIDNIGHT: {date(2024, 7, 2): 2_288},
}
LATER = datetime(2026, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the recorded data folder {RECORDED} is absent")


@pytest.mark.parametrize("name", ROWS_BY_DAY)
def test_every_cell_of_a_recording_arrives_in_the_lake_by_trading_day(sessions, lake, name):
    recording = stored(sessions, name)

    exported = {day: export_day(sessions, lake, day, LATER).counts()["ticks"] for day in ROWS_BY_DAY[name]}

    assert exported == ROWS_BY_DAY[name]
    columns = recording.schema.names
    symbol = recording["symbol"][0].as_py()
    arrived = pa.concat_tables(read_whole(lake.ticks_file(day, symbol)) for day in exported)
    for column in columns:
        assert arrived[column].to_pylist() == recording[column].to_pylist(), column


def test_the_christmas_reopen_gives_bars_of_the_session_alone(sessions, lake):
    stored(sessions, CHRISTMAS)

    bars = bars_of(sessions, lake, date(2023, 12, 26))

    assert bars["t_open"][0].as_py() == datetime(2023, 12, 25, 23, tzinfo=UTC)
    assert bars["open"][0].as_py() == Decimal("4800.25")
    assert pc.sum(bars["volume"]).as_py() == 9_892
    assert pc.sum(bars["tick_count"]).as_py() == 25_490 - 16


def test_a_session_over_utc_midnight_has_one_row_of_bars(sessions, lake):
    stored(sessions, MIDNIGHT)

    bars = bars_of(sessions, lake, date(2024, 7, 2))

    assert [opened.as_py().minute for opened in bars["t_open"]] == [58, 59, 0, 1]
    assert pc.sum(bars["volume"]).as_py() == 253


def test_gold_bars_are_those_of_its_trades(sessions, lake):
    recording = stored(sessions, GOLD).to_pylist()
    day = date(2013, 10, 8)
    trades = [row for row in recording if market().session_of(row["ts"]) == day]

    bars = bars_of(sessions, lake, day)

    assert market().session(day).close == datetime(2013, 10, 8, 21, 15, tzinfo=UTC)
    minutes = Counter(row["ts"].replace(second=0, microsecond=0) for row in trades)
    assert dict(zip(bars["t_open"].to_pylist(), bars["tick_count"].to_pylist(), strict=True)) == minutes
    assert bars["open"][0].as_py() == trades[0]["last"]
    assert bars["close"][-1].as_py() == trades[-1]["last"]
    assert pc.sum(bars["volume"]).as_py() == trades[-1]["volume"] == sum(row["last_size"] for row in trades)


def bars_of(sessions, lake, day):
    export_day(sessions, lake, day, LATER)
    (made,) = generate_bars(sessions, lake, Markets(), day, LATER)
    return read_whole(lake.bars_file(day, made.symbol, "1m"))


def read_whole(path):
    return pa.Table.from_batches(read_batches(path))


def stored(sessions, name):
    recording = pq.read_table(RECORDED / f"{name}.parquet")
    lines = [line(row) for row in recording.to_pylist()]
    with sessions.begin() as session:
        ensure_partitions(session, ROWS_BY_DAY[name])
        append_ticks(session, lines)
    return recording


def line(row):
    known = {
        **row,
        "source": "REPLAY",
        "recv_ts": row["ts"],
        "session_date": market().session_of(row["ts"]),
        "ts_origin": "exchange",
        "trade": row["last_size"] is not None,
        "delayed": False,
    }
    return ("\t".join(r"\N" if known.get(name) is None else str(known[name]) for name in COPY_COLUMNS) + "\n").encode()


@pytest.fixture
def lake(tmp_path: Path):
    return Lake(tmp_path / "lake")
