import json
from datetime import datetime, timedelta

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from app.lake.files import publish
from app.lake.inspection import inspect_file
from app.lake.layout import Lake
from app.lake.packing import ROW_GROUP_ROWS
from app.lake.schemas import TICK_FILE
from benchmarks.tick_tables import csv_bytes, recorded_days, simulated_day
from tests.factories import DAY
from tests.ticks import LATER
from tests.tree import ROOT

RECORDED = ROOT.parent / "shared" / "data"
SMALLER = 10
TICKS = 5 * ROW_GROUP_ROWS
needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"the folder of recorded exchange data {RECORDED} is absent"
)


@needs_recordings
@pytest.mark.parametrize(
    ("name", "fewest_ticks"), [("gc_20131007_20131008_trades", 10_000), ("es_20231225_l1_christmas_reopen", 10_000)]
)
def test_recorded_days_are_ten_times_smaller_than_the_csv_of_their_source(lake, name, fewest_ticks):
    days = [table for table in recorded_days(RECORDED / f"{name}.parquet") if table.ticks.num_rows > fewest_ticks]

    ratios = {table.name: csv_bytes(table, table.recorded) / written(lake, table.ticks) for table in days}

    assert ratios
    assert min(ratios.values()) >= SMALLER, ratios


@needs_recordings
def test_recorded_minutes_are_ten_times_smaller_than_the_csv_of_the_same_columns(lake):
    [table] = recorded_days(RECORDED / "es_20240701_l1_utc_midnight.parquet")

    assert csv_bytes(table, tuple(table.ticks.column_names)) / written(lake, table.ticks) >= SMALLER


def test_a_simulated_session_is_ten_times_smaller_than_the_csv_of_the_same_columns(lake):
    table = simulated_day(20_000)

    assert csv_bytes(table, tuple(table.ticks.column_names)) / written(lake, table.ticks) >= SMALLER


def test_duckdb_reads_only_the_row_groups_of_the_hour_asked_for(session_file, hour, tmp_path):
    start, end = hour
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("PRAGMA enable_profiling = 'json'")
        connection.execute("SET profiling_output = ?", [str(tmp_path / "profile.json")]).fetchall()
        question = "SELECT count(*), max(last) FROM read_parquet(?) WHERE ts >= ? AND ts < ?"
        [(count, _)] = connection.execute(question, [str(session_file), start, end]).fetchall()

    scan = scan_of(json.loads((tmp_path / "profile.json").read_text()))
    assert count > 0
    assert scan["total_row_groups_to_scan"] == pq.read_metadata(session_file).num_row_groups >= 5
    assert scan["row_groups_scanned"] <= 2


def test_pyarrow_reads_only_the_row_groups_of_the_hour_asked_for(session_file, hour):
    start, end = hour
    [fragment] = ds.dataset(session_file).get_fragments()

    touched = fragment.subset((ds.field("ts") >= start) & (ds.field("ts") < end))

    assert 1 <= len(touched.row_groups) <= 2
    assert len(fragment.row_groups) >= 5


def test_the_footer_tells_the_order(session_file):
    group = pq.read_metadata(session_file).row_group(0)

    names = [TICK_FILE.columns.names[column.column_index] for column in group.sorting_columns]

    assert names == ["ts", "seq", "source"]


def scan_of(node):
    if node.get("type") == "TABLE_SCAN":
        return node
    found = (scan_of(child) for child in node.get("operator", []) + node.get("children", []))
    return next((scan for scan in found if scan), None)


def written(lake, ticks):
    symbol = ticks["symbol"][0].as_py()
    day = ticks["session_date"][0].as_py()
    target = lake.ticks_file(day, symbol)
    return publish(lake, target, TICK_FILE, ticks.to_batches(5_000), day=day, symbol=symbol, taken_at=LATER).bytes


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="module")
def session_file(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("session"))
    written(lake, simulated_day(TICKS).ticks)
    path = lake.ticks_file(DAY, "ES")
    assert inspect_file(path, TICK_FILE).rows == TICKS
    return path


@pytest.fixture(scope="module")
def hour(session_file):
    """One hour in the quiet middle of the night, where little is traded."""
    first = pq.read_metadata(session_file).row_group(0).column(TICK_FILE.columns.names.index("ts")).statistics.min
    assert isinstance(first, datetime)
    return first + timedelta(hours=6), first + timedelta(hours=7)
