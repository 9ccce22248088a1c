from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from app.bus.keys import GENERATION, INGEST_GROUP, STREAM
from app.lake.inspection import inspect_file
from app.lake.layout import TICKS
from app.lake.manifest import mark_purged, record_file
from app.lake.schemas import INSTANT, NAME, PRICE, TICK_FILE
from tests.factories import DAY
from tests.ingesting import drain, ingestor

__all__ = ["drain", "ingestor"]

# As the very first Thor wrote them, with every field and with none that may be left out.
FULL = (
    "symbol ES source SCHWAB seq 4294967297 ts 2025-10-09T13:30:00.000001Z recv_ts 2025-10-09T13:30:00.100000Z "
    "session_date 2025-10-09 contract ESZ25 ts_origin exchange last 6710.25 bid 6710 ask 6710.5 open 6700 high 6720 "
    "low 6690.75 close 6705 change 5.25 last_size 3 bid_size 10 ask_size 12 volume 1024 trade 1 delayed 0 v 1"
)
BARE = "symbol NQ source EXCEL seq 7 ts 2025-10-09T13:30:01.000000Z"
MORE = f"{BARE.replace('seq 7', 'seq 8')} a_field_of_tomorrow 1"
WRITTEN = datetime(2025, 10, 9, 22, tzinfo=UTC)
NEWER = f"{BARE.replace('seq 7', 'seq 9')} v 2"


def test_entries_of_an_older_thor_are_stored_and_those_of_a_newer_one_put_aside(rt, bus, drain):
    for number, words in enumerate((FULL, BARE, MORE, NEWER), 1):
        bus.execute_command("XADD", STREAM, f"1760016600000-{number}", *words.split())

    totals = drain()

    with rt.sessions() as session:
        rows = session.execute(text("SELECT symbol, seq, bid, volume, trade FROM ticks ORDER BY symbol, seq")).all()
        letters = session.execute(text("SELECT stream_id, reason, fields ->> 'v' FROM dead_letters")).all()
    assert [tuple(row) for row in rows] == [
        ("ES", 4294967297, 6710, 1024, True),
        ("NQ", 7, None, None, False),
        ("NQ", 8, None, None, False),
    ]
    assert [tuple(letter) for letter in letters] == [("1760016600000-4", "v: schema version '2' is not known", "2")]
    assert totals.written == 3


def test_a_group_that_an_older_thor_made_goes_on_where_it_stood(rt, bus, drain):
    for number, words in enumerate((FULL, BARE, MORE), 1):
        bus.execute_command("XADD", STREAM, f"1760016600000-{number}", *words.split())
    bus.xgroup_create(STREAM, INGEST_GROUP, "1760016600000-1")

    drain()

    with rt.sessions() as session:
        assert session.scalars(text("SELECT seq FROM ticks ORDER BY seq")).all() == [7, 8]
    assert bus.get(GENERATION)


def test_a_file_without_any_labels_but_the_first_ones_is_read_and_verified(rt, runner, client, old_file):
    path, facts = old_file
    with rt.sessions.begin() as session:
        record_file(session, TICKS, DAY, "ES", rt.lake.relative(path), facts, WRITTEN)
        mark_purged(session, DAY, ["ES"], WRITTEN)

    verified = runner.invoke(args=["verify-lake", f"--start={DAY}", f"--end={DAY}"])
    answer = client.get("/api/ticks?symbol=ES&start=2025-10-09T13:00:00Z&end=2025-10-09T14:00:00Z")

    assert verified.exit_code == 0, verified.output
    assert [tick["last"] for tick in answer.json["ticks"]] == ["6710.25", "-0.000000001"]


@pytest.fixture
def old_file(rt):
    at = [datetime(2025, 10, 9, 13, 30, second, tzinfo=UTC) for second in (1, 2)]
    cells = {
        "symbol": ["ES", "ES"],
        "source": ["SCHWAB", "SCHWAB"],
        "seq": [1, 2],
        "session_date": [DAY, DAY],
        "ts_origin": ["exchange", "exchange"],
        "last": pa.array(["6710.25", "-0.000000001"]).cast(PRICE),
        "trade": [True, True],
        "delayed": [False, False],
        **dict.fromkeys(("ts", "recv_ts", "created_at"), at),
    }
    columns = [
        pa.array(cells[field.name]).cast(field.type)
        if field.type in (NAME, INSTANT) and field.name in cells
        else pa.array(cells[field.name], field.type)
        if field.name in cells
        else pa.nulls(2, field.type)
        for field in TICK_FILE.columns
    ]
    path = rt.lake.ticks_file(DAY, "ES")
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(path, TICK_FILE.columns, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(pa.Table.from_arrays(columns, schema=TICK_FILE.columns))
        writer.add_key_value_metadata({"thor.schema_version": "1", "thor.rows": "2"})
    return path, inspect_file(path, TICK_FILE)
