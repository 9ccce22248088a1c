import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from functools import partial

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.bucket.days import read_day
from app.bucket.pushing import push_day
from app.bucket.sources import BucketSource
from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.lake.files import publish
from app.lake.layout import TICKS
from app.lake.manifest import record_file
from app.lake.query import collect, confined
from app.lake.schemas import INSTANT, PRICE, TICK_FILE
from app.notebook import History, LakeHistory
from app.settings import load_settings
from tests.bucket_lakes import BARS_OF_ES, DAY, DAYS, ES, NEXT, NQ, trades
from tests.lake_days import export_quotes, purge
from tests.made_lakes import with_columns
from tests.ticks import LATER, OPEN, tick_table
from tests.tree import ROOT

START, END = OPEN, OPEN + timedelta(days=3)
MINUTE = timedelta(minutes=1)
MANY = 100_000


@pytest.mark.parametrize(
    "asked",
    [
        lambda lake: lake.ticks("ES", START, END),
        lambda lake: lake.ticks("NQ", START + 10 * MINUTE, START + 20 * MINUTE, columns=["last", "ts"]),
        lambda lake: lake.ticks("ES", START, END, source="SCHWAB"),
        lambda lake: lake.ticks("GC", START, END),
        lambda lake: pa.concat_tables(lake.tick_batches("ES", START + timedelta(days=1), END)),
        lambda lake: lake.bars("ES", "1m", START, START + 3 * MINUTE),
        lambda lake: lake.bars("ES", "5m", START, END, source="REPLAY"),
        lambda lake: lake.sql("SELECT symbol, count(*), sum(last) FROM ticks GROUP BY 1", ["ES"], START, END),
        lambda lake: lake.days(),
    ],
)
def test_a_bucket_and_a_folder_give_the_same(local, remote, asked):
    assert asked(remote) == asked(local)


def test_a_bucket_gives_what_history_gives_of_days_that_left_the_database(sessions, lake, remote, database_url):
    for day in DAYS:
        purge(sessions, day, "ES", "NQ")
    settings = load_settings(_env_file=None, database_url=database_url, data_dir=lake.root)

    with History(settings) as history:
        assert remote.ticks("ES", START, END) == history.ticks("ES", START, END)
        assert remote.ticks("ES", START, END).num_rows == 600


def test_only_the_days_and_symbols_that_are_needed_are_asked_for(remote, store):
    store.requests.clear()

    remote.ticks("NQ", START, START + timedelta(hours=20))

    assert {one.name for one in store.asked("GET", "HEAD") if one.name.endswith(".parquet")} == {NQ}
    assert {one.name for one in store.asked("GET") if one.name.startswith("manifest/")} == {
        "manifest/date=2025-10-09.json"
    }
    assert len(store.requests) <= 6


def test_only_the_columns_and_row_groups_that_are_needed_are_asked_for(sessions, lake, bucket, remote, store):
    publish_busy_day(sessions, lake)
    push_day(sessions, lake, bucket, DAY)
    size = len(store.get(ES))

    minute = asked_bytes(store, lambda: remote.ticks("ES", START, START + MINUTE))
    column = asked_bytes(store, lambda: remote.ticks("ES", START, END, columns=["ts"]))
    both = asked_bytes(store, lambda: remote.ticks("ES", START, START + MINUTE, columns=["ts"]))

    # The end of the file comes with each.
    assert max(minute, column) < 0.8 * size
    assert both < 0.4 * size


def test_a_query_reaches_the_files_that_it_is_about_and_no_others(remote, store):
    store.requests.clear()

    found = remote.sql("SELECT symbol, min(last) AS low FROM ticks GROUP BY symbol", ["NQ"], START, START + MINUTE)

    assert found.to_pylist() == [{"symbol": "NQ", "low": Decimal("6700")}]
    assert {one.name for one in store.asked("GET", "HEAD") if one.name.endswith(".parquet")} == {NQ}
    for place in (ES, BARS_OF_ES, "ticks/*/*/*.parquet"):
        with pytest.raises((duckdb.Error, Conflict)):
            remote.sql(f"SELECT * FROM '{store.plan.place}/{place}'", ["NQ"], START, START + MINUTE)


@pytest.mark.parametrize("place", ["/etc/passwd", "s3://other/x.parquet", "https://example.com/x.parquet"])
def test_a_query_reaches_nothing_outside_of_the_lake(remote, place):
    with pytest.raises((duckdb.Error, Conflict, Rejected)):
        remote.sql(f"SELECT * FROM read_text('{place}')", ["ES"], START, END)


def test_a_query_cannot_open_its_sandbox(bucket):
    source = BucketSource(bucket)
    with confined([source.root], files=source.mount([])) as connection:
        for statement in ("SET enable_external_access = true", "INSTALL httpfs", "SET lock_configuration = false"):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


def test_polars_and_pyarrow_read_the_objects_as_they_are(store):
    pattern = f"{store.plan.place}/ticks/date=*/symbol=*/ticks.parquet"
    frame = pl.scan_parquet(pattern, hive_partitioning=True, storage_options=polars_options(store))
    chosen = [("date", "=", "2025-10-09"), ("symbol", "=", "ES")]
    table = pq.read_table(f"{store.plan.root}/ticks", filesystem=store.admin, filters=chosen, columns=["ts", "last"])

    assert frame.filter(pl.col("date") == DAY, pl.col("symbol") == "ES").select(pl.len()).collect().item() == 300
    assert table.num_rows == 300


@pytest.mark.parametrize("harm", ["page", "footer", "cut", "gone"])
def test_other_bytes_in_the_bucket_are_no_ticks(remote, store, harm):
    whole = bytearray(store.get(ES))
    if harm == "gone":
        store.delete(ES)
    else:
        whole[{"page": 100, "footer": -100, "cut": 0}[harm]] ^= 1
        store.put(ES, bytes(whole[: -5 if harm == "cut" else None]))

    with pytest.raises(Conflict, match=r"the ticks of ES on 2025-10-09 is (damaged in|gone from) the bucket"):
        remote.ticks("ES", START, END)


def test_a_file_that_was_written_again_is_not_taken_for_the_one_that_is_told(sessions, lake, bucket, remote, store):
    told = store.get("manifest/date=2025-10-09.json")
    export_quotes(sessions, lake, trades(DAY, "ES", 301))
    push_day(sessions, lake, bucket, DAY)
    store.put("manifest/date=2025-10-09.json", told)

    with pytest.raises(Conflict, match="written again meanwhile"):
        remote.ticks("ES", START, END)


def test_a_store_that_fails_in_the_middle_is_no_damage(remote, store, few_attempts):
    store.refuse("SlowDown", 503, lambda one: one.name == ES and one.method == "GET", skip=1)

    with pytest.raises(Unavailable, match="try again"):
        remote.ticks("ES", START, END)


def test_a_store_that_fails_during_a_query_is_no_damage(remote, store, few_attempts):
    store.refuse("SlowDown", 503, lambda one: one.name == ES)

    with pytest.raises(Unavailable):
        remote.sql("SELECT count(*), sum(last) FROM ticks", ["ES"], START, END)


def test_a_day_without_files_is_told_by_a_query(remote):
    with pytest.raises(NotFound):
        remote.sql("SELECT 1 FROM ticks", ["GC"], START, END)


def test_a_wrong_query_is_rejected(remote):
    with pytest.raises(Rejected, match="the query is wrong"):
        remote.sql("SELECT nothing FROM ticks", ["ES"], START, END)


@pytest.mark.parametrize("place", ["remote", "local"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM ticks, range(10000000000) a, range(10000000000) b WHERE a.range + b.range = -1",
        "SELECT 1 AS n FROM ticks UNION ALL SELECT range AS n FROM range(1000000000000) WHERE range % 100000 = 0",
    ],
    ids=["before the first row", "after the first rows"],
)
def test_a_query_ends_at_its_limit(request, place, query):
    with pytest.raises(Unavailable, match="timeout_s"):
        request.getfixturevalue(place).sql(query, ["ES"], START, END, timeout_s=0.2)


def test_a_query_may_be_without_a_limit(local):
    assert local.sql("SELECT 7 AS n FROM ticks LIMIT 1", ["ES"], START, END, timeout_s=None).to_pylist() == [{"n": 7}]


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_an_answer_that_is_too_large_ends_and_the_next_query_is_answered(lake, remote, monkeypatch, where):
    monkeypatch.setattr("app.bucket.reading.collect", partial(collect, memory_limit_mb=1))
    asked = remote if where == "bucket" else LakeHistory(lake.root)

    with pytest.raises(Unavailable, match="the answer is too large: it takes more than 1 MB"):
        asked.sql("SELECT a.*, repeat('x', 1000) AS x FROM ticks a, ticks b", ["ES"], START, END)

    assert asked.sql("SELECT 1 AS n FROM ticks LIMIT 1", ["ES"], START, END).to_pylist() == [{"n": 1}]


def test_a_query_writes_nothing_into_a_folder(lake):
    before = (lake.root / ES).read_bytes()

    with pytest.raises(Rejected, match="it must be a SELECT"):
        LakeHistory(lake.root).sql(f"COPY (SELECT 1) TO '{lake.root / ES}' (FORMAT parquet)", ["ES"], START, END)

    assert (lake.root / ES).read_bytes() == before


def test_a_process_that_asked_ends_quietly(store, lake):
    code = f"""
from app.notebook import LakeHistory
lake = LakeHistory({store.plan.place!r})
print(lake.sql("SELECT count(*) AS n FROM ticks", ["ES"], "2025-10-08T22:00:00Z", "2025-10-11T22:00:00Z").to_pylist())
"""
    words = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=process_environment(store), timeout=60)

    assert (done.stdout, done.stderr) == ("[{'n': 600}]\n", "")


def publish_busy_day(sessions, lake):
    numbers = np.arange(MANY)
    prices = pa.array(numbers * numbers % 7919).cast(pa.decimal128(28, 9)).cast(PRICE)
    times = pa.array(numbers * 500_000 + int(START.timestamp()) * 1_000_000).cast(INSTANT)
    one = tick_table(trades(DAY, "ES", 1)).take(np.zeros(MANY, dtype=np.int64))
    table = with_columns(one, {"ts": times, "seq": pa.array(numbers), "bid": prices, "ask": prices})
    target, about = lake.ticks_file(DAY, "ES"), {"day": DAY, "symbol": "ES", "taken_at": LATER}
    facts = publish(lake, target, TICK_FILE, table.combine_chunks().to_batches(), **about)
    with sessions.begin() as session:
        record_file(session, TICKS, DAY, "ES", ES, facts, LATER)


def asked_bytes(store, ask):
    store.requests.clear()
    assert ask().num_rows > 0
    ranges = [one.range.removeprefix("bytes=").split("-") for one in store.asked("GET") if one.name == ES]
    return sum(int(last) - int(first) + 1 for first, last in ranges)


def polars_options(store):
    return {
        "aws_access_key_id": "DESKKEY",
        "aws_secret_access_key": "desk-secret",
        "aws_region": "us-east-1",
        "aws_endpoint_url": store.url,
        "aws_allow_http": "true",
    }


def process_environment(store):
    return {**os.environ, **store.environment}


@pytest.fixture(autouse=True)
def pushed(sessions, lake, bucket):
    for day in DAYS:
        push_day(sessions, lake, bucket, day)
    assert read_day(bucket, NEXT)


@pytest.fixture
def few_attempts(monkeypatch):
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 2)


@pytest.fixture
def settings(store):
    return load_settings(_env_file=None, **{name.lower(): value for name, value in store.environment.items()})


@pytest.fixture
def remote(store, settings):
    return LakeHistory(store.plan.place, settings)


@pytest.fixture
def local(lake, settings):
    return LakeHistory(lake.root, settings)
