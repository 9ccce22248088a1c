"""Whoever reads the lake without Thor: four libraries, each from the folder and from a single file."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from app.lake.layout import Lake
from tests.factories import DAY, MOMENT, quote
from tests.ticks import write_ticks

NEXT = DAY + timedelta(days=1)
# What pyarrow's and pandas' own readers take for "hive"; a dataset told "hive" makes names plain strings instead, and
# no column of a file can be both.
AS_READ_TABLE = ds.HivePartitioning.discover(infer_dictionary=True)
FOLDERS = {
    "pandas": lambda root: rows(pd.read_parquet(root)),
    "pandas, filtered": lambda root: rows(pd.read_parquet(root, filters=[("symbol", "in", ["ES", "NQ"])])),
    "pyarrow": lambda root: table_rows(ds.dataset(root).to_table()),
    "pyarrow, hive": lambda root: table_rows(ds.dataset(root, partitioning=AS_READ_TABLE).to_table()),
    "pyarrow table": lambda root: table_rows(pq.read_table(root)),
    "duckdb": lambda root: duckdb_rows(f"'{root}/**/*.parquet', hive_partitioning = true"),
    "duckdb, by itself": lambda root: duckdb_rows(f"'{root}/*/*/*.parquet'"),
    "polars": lambda root: polars_rows(pl.scan_parquet(f"{root}/**/*.parquet", hive_partitioning=True)),
    "polars folder": lambda root: polars_rows(pl.scan_parquet(root, hive_partitioning=True)),
    "polars files": lambda root: polars_rows(pl.scan_parquet(f"{root}/**/*.parquet")),
}
FILES = {
    "pandas": lambda path: rows(pd.read_parquet(path)),
    "pandas, plain": lambda path: rows(pd.read_parquet(path, partitioning=None)),
    "pyarrow": lambda path: table_rows(ds.dataset(path).to_table()),
    "pyarrow file": lambda path: table_rows(pq.ParquetFile(path).read()),
    "duckdb": lambda path: duckdb_rows(f"'{path}'"),
    "polars": lambda path: polars_rows(pl.scan_parquet(path)),
    "polars, read": lambda path: polars_rows(pl.read_parquet(path).lazy()),
}
ALL = {("ES", DAY): 3, ("NQ", DAY): 2, ("ES", NEXT): 1}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_folder_gives_each_symbol_and_day_its_ticks(root, name):
    found = FOLDERS[name](root)

    assert counted(found) == ALL
    assert {price for *_, price in found} == {Decimal("6751.25")}


@pytest.mark.parametrize("name", FILES)
def test_a_single_file_in_its_folder_tells_its_symbol(root, name):
    found = FILES[name](root / f"date={DAY}" / "symbol=NQ" / "ticks.parquet")

    assert counted(found) == {("NQ", DAY): 2}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_copied_elsewhere_tells_its_symbol(root, name, tmp_path):
    copy = tmp_path / "copy.parquet"
    copy.write_bytes((root / f"date={DAY}" / "symbol=NQ" / "ticks.parquet").read_bytes())

    assert counted(FILES[name](copy)) == {("NQ", DAY): 2}


def test_a_symbol_that_looks_like_a_number_stays_a_name_in_its_file(lake):
    write_ticks(lake, [quote(symbol="6", seq=1)])

    found = {name: FILES[name](lake.ticks_file(DAY, "6")) for name in ("pyarrow file", "pandas, plain", "polars")}

    assert {name: counted(found[name]) for name in found} == {name: {("6", DAY): 1} for name in found}


def counted(found):
    return dict(Counter((symbol, day) for symbol, day, _ in found))


def rows(frame):
    return [(str(symbol), as_day(day), price) for symbol, day, price in zip(*columns(frame), strict=True)]


def columns(frame):
    return [list(frame[name]) for name in ("symbol", "session_date", "last")]


def table_rows(table):
    return list(zip(*(table[name].to_pylist() for name in ("symbol", "session_date", "last")), strict=True))


def duckdb_rows(source):
    return duckdb.sql(f"SELECT symbol, session_date, last FROM read_parquet({source}) WHERE symbol != ''").fetchall()


def polars_rows(frame):
    chosen = frame.filter(pl.col("symbol").cast(pl.String) != "").select("symbol", "session_date", "last")
    return chosen.collect().rows()


def as_day(value):
    return value if isinstance(value, date) else value.date()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def root(lake):
    price = {"last": Decimal("6751.25")}
    write_ticks(lake, [quote(symbol="ES", seq=seq, **price) for seq in (1, 2, 3)])
    write_ticks(lake, [quote(symbol="NQ", seq=seq, **price) for seq in (4, 5)])
    later = {"ts": MOMENT + timedelta(days=1), "session_date": NEXT}
    write_ticks(lake, [quote(symbol="ES", seq=6, **price, **later)], day=NEXT)
    return lake.root / "ticks"
