"""Recorded exchange data on its whole way: file, stream, PostgreSQL, Parquet; nothing lost, doubled or rounded."""

from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from app.bus.stream import stream_state
from app.extensions import db
from app.factory import create_app
from app.operations.migrating import migrate_database
from app.runtime import EXTENSION
from app.settings import load_settings
from tests.fakes import RecordingDispatch
from tests.private_servers import private_valkey
from tests.servers import ROOT

DATA = ROOT.parent / "shared" / "data"
FILES = {
    "gc_20131007_20131008_trades.parquet": {
        date(2013, 10, 7): 39_306,
        date(2013, 10, 8): 50_995,
        date(2013, 10, 9): 1_439,
    },
    "es_20231225_l1_christmas_reopen.parquet": {date(2023, 12, 26): 25_490},
    "es_20240701_l1_utc_midnight.parquet": {date(2024, 7, 2): 2_288},
}
RECORDED = ("symbol", "contract", "ts", "seq", "last", "bid", "ask", "last_size", "bid_size", "ask_size", "volume")
ROWS = sum(sum(days.values()) for days in FILES.values())

pytestmark = [
    pytest.mark.skipif(not all((DATA / name).exists() for name in FILES), reason=f"no recorded data in {DATA}"),
    pytest.mark.timeout(300),
]


class Story:
    """An installation of its own, and what its commands said."""

    def __init__(self, app):
        self.rt = app.extensions[EXTENSION]
        self._runner = app.test_cli_runner()
        self.stream = []  # How many entries it had after each replay: ever added, and kept.

    def run(self, *words):
        result = self._runner.invoke(args=[str(word) for word in words])
        assert result.exit_code == 0, result.output
        return result.output

    def replay_and_ingest(self):
        said = self.run("replay", *(DATA / name for name in FILES), "--speed", "max")
        state = stream_state(self.rt.redis)
        self.stream.append((state.added, state.length))
        return said + self.run("redis-to-postgres", "--drain", "--batch-size", 5_000)

    def stored(self, columns):
        with self.rt.sessions() as session:
            return session.execute(text(f"SELECT {', '.join(columns)} FROM ticks")).all()


@pytest.fixture(scope="module")
def bus_url(tmp_path_factory):
    with private_valkey(tmp_path_factory.mktemp("bus")) as server:
        yield server.url


@pytest.fixture(scope="module")
def story(servers, worker_id_or_main, bus_url, tmp_path_factory):
    state_dir = tmp_path_factory.mktemp("story")
    database_url = servers.create_database(f"story_{worker_id_or_main}")
    settings = load_settings(_env_file=None, database_url=database_url, redis_url=bus_url, state_dir=state_dir)
    app = create_app(settings, RecordingDispatch())
    with app.app_context():
        migrate_database(app.extensions[EXTENSION], 1)
    told = Story(app)
    told.said = told.replay_and_ingest()
    yield told
    told.rt.redis.close()
    told.rt.raw_redis.close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def lake(story):
    for day in {day for days in FILES.values() for day in days}:
        story.run("export-to-parquet", f"--date={day}")
    return story.rt.lake


def recorded(name, columns=RECORDED):
    found = pq.read_table(DATA / name)
    return list(zip(*(found[column].to_pylist() for column in columns), strict=True))


def written(root: Path, columns=RECORDED):
    rows = []
    for path in sorted(root.glob("ticks/date=*/symbol=*/ticks.parquet")):
        found = pq.ParquetFile(path).read()
        symbol = path.parent.name.removeprefix("symbol=")
        found = (
            found if "symbol" in found.column_names else found.append_column("symbol", pa.array([symbol] * len(found)))
        )
        rows += zip(*(found[column].to_pylist() for column in columns), strict=True)
    return rows


def ordered(rows):
    return sorted(rows, key=lambda row: (row[0], row[2], row[3]))


def test_every_quote_that_was_replayed_is_in_the_stream(story):
    assert story.stream[0] == (ROWS, ROWS), story.said


def test_the_commands_say_how_much_they_moved(story):
    assert f"Replay completed: {ROWS:,} of {ROWS:,} quotes published" in story.said
    assert f"{ROWS:,} entries read, {ROWS:,} stored, 0 already there, 0 dead letters" in story.said


def test_ticks_belong_to_the_trading_days_that_the_data_are_known_to_have(story):
    counted = Counter((symbol, day) for symbol, day in story.stored(["symbol", "session_date"]))

    assert counted == {(name[:2].upper(), day): rows for name, days in FILES.items() for day, rows in days.items()}


def test_every_column_of_every_tick_in_the_database_is_that_of_its_file(story):
    expected = [row for name in FILES for row in recorded(name)]

    assert ordered(map(tuple, story.stored(RECORDED))) == ordered(expected)


def test_every_tick_is_marked_as_replayed_and_a_trade_where_it_has_a_size(story):
    marks = Counter(
        (source, origin, delayed, trade, size is not None)
        for source, origin, delayed, trade, size in story.stored(
            ["source", "ts_origin", "delayed", "trade", "last_size"]
        )
    )

    assert set(marks) == {("REPLAY", "exchange", False, True, True), ("REPLAY", "exchange", False, False, False)}


def test_every_column_of_every_tick_in_the_lake_is_that_of_its_file(lake):
    expected = [row for name in FILES for row in recorded(name)]

    assert ordered(written(lake.root)) == ordered(expected)


def test_the_lake_has_a_partition_for_each_trading_day(lake):
    days = Counter()
    for path in lake.root.glob("ticks/date=*/symbol=*/ticks.parquet"):
        day = date.fromisoformat(path.parent.parent.name.removeprefix("date="))
        days[path.parent.name.removeprefix("symbol="), day] += pq.ParquetFile(path).metadata.num_rows

    assert days == {(name[:2].upper(), day): rows for name, days in FILES.items() for day, rows in days.items()}


def test_prices_are_decimals_and_times_instants_all_the_way(story, lake):
    [tick] = [row for row in story.stored(["ts", "last"]) if row[1] is not None][:1]
    schema = pq.read_schema(next(lake.root.glob("ticks/date=*/symbol=*/ticks.parquet")))

    assert isinstance(tick[0], datetime)
    assert str(schema.field("last").type) == "decimal128(18, 9)"
    assert str(schema.field("ts").type) == "timestamp[us, tz=UTC]"


def test_replayed_again_not_a_row_is_new(story, lake):
    before = story.stored(["symbol", "ts", "source", "seq", "created_at"])

    said = story.replay_and_ingest()

    assert story.stream[-1] == (2 * ROWS, 2 * ROWS), said
    assert f"0 stored, {ROWS:,} already there" in said
    assert Counter(story.stored(["symbol", "ts", "source", "seq", "created_at"])) == Counter(before)
