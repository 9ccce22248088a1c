import errno
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from app.errors import Conflict, NotFound, Unavailable
from app.lake.claims import claimed
from app.lake.files import draft, publish, sweep_staging
from app.lake.inspection import labels_of
from app.lake.layout import Lake
from app.lake.schemas import TICK_FILE
from tests.factories import DAY, quotes
from tests.ticks import LATER, tick_table, trade, write_ticks

EXACT = ["0.0065325", "110.015625", "-37.63", "999999999.999999999", "0", "0.000000001"]


def test_a_published_file_holds_every_cell_exactly(lake):
    sparse = {"contract": None, "bid": None, "last_size": 2**63 - 1}
    ticks = [trade(i, price, None, seq=i, **sparse) for i, price in enumerate(EXACT)]

    facts = write_ticks(lake, ticks)

    table = pq.read_table(lake.ticks_file(DAY, "ES"), partitioning=None)
    assert table.equals(tick_table(ticks))
    assert table.column("last").to_pylist() == [Decimal(price) for price in EXACT]
    assert (facts.rows, facts.min_seq, facts.max_seq) == (6, 0, 5)
    assert (facts.min_ts, facts.max_ts) == (ticks[0].ts, ticks[-1].ts)


def test_a_published_file_says_what_it_is(lake):
    write_ticks(lake, quotes(3))

    assert labels_of(lake.ticks_file(DAY, "ES")) == {
        "kind": "ticks",
        "rows": "3",
        "session_date": "2025-10-09",
        "symbol": "ES",
        "sorted_by": "ts,seq,source",
        "exported_at": "2025-10-10T12:00:00.000000Z",
        "schema_version": "1",
    }


def test_many_rows_are_split_into_groups_and_keep_their_order(lake):
    count = 140_000

    facts = write_ticks(lake, quotes(count))

    footer = pq.read_metadata(lake.ticks_file(DAY, "ES"))
    assert facts.rows == footer.num_rows == count
    assert footer.num_row_groups > 1


@pytest.mark.parametrize(
    "read",
    [
        lambda root: len(pd.read_parquet(root / "ticks")),
        lambda root: len(pd.read_parquet(root / "ticks/date=2025-10-09/symbol=ES/ticks.parquet")),
        lambda root: pq.read_table(root / "ticks", filters=[("symbol", "=", "ES")]).num_rows,
        lambda root: pq.read_table(root / "ticks/date=2025-10-09/symbol=ES/ticks.parquet").num_rows,
        lambda root: pl.scan_parquet(root / "ticks/**/*.parquet", hive_partitioning=True).collect().height,
        lambda root: duckdb.sql(f"SELECT count(*) FROM '{root}/ticks/date=*/symbol=ES/*.parquet'").fetchall()[0][0],
    ],
    ids=["pandas folder", "pandas file", "pyarrow folder", "pyarrow file", "polars", "duckdb"],
)
def test_everyone_reads_the_folder_and_the_file(lake, read):
    write_ticks(lake, quotes(7))

    assert read(lake.root) == 7


def test_a_draft_is_out_of_sight_until_it_is_put_in_its_place(lake):
    with draft_of(lake, quotes(3)) as written:
        assert list(lake.root.rglob("*.parquet")) == []
        written.put()

    assert pq.read_metadata(lake.ticks_file(DAY, "ES")).num_rows == written.facts.rows == 3
    assert list(lake.staging.iterdir()) == []


def test_a_draft_that_is_not_put_leaves_nothing(lake):
    write_ticks(lake, quotes(1))

    with draft_of(lake, quotes(3)):
        pass

    assert pq.read_metadata(lake.ticks_file(DAY, "ES")).num_rows == 1
    assert list(lake.staging.iterdir()) == []


def test_a_draft_takes_labels_that_are_known_after_its_last_row(lake):
    seen = []

    def counted():
        for batch in tick_table(quotes(3)).to_batches(1):
            seen.append(batch.num_rows)
            yield batch

    with draft_of(lake, counted(), labels=lambda: {"seen": str(len(seen))}) as written:
        written.put()

    assert labels_of(lake.ticks_file(DAY, "ES"))["seen"] == "3"


def test_a_failure_while_rows_arrive_changes_nothing(lake):
    write_ticks(lake, quotes(3))
    before = lake.ticks_file(DAY, "ES").read_bytes()

    with pytest.raises(RuntimeError, match="torn"):
        publish_batches(lake, torn(tick_table(quotes(100)).to_batches(), RuntimeError("torn")))

    assert lake.ticks_file(DAY, "ES").read_bytes() == before
    assert list(lake.staging.iterdir()) == []


def test_a_guard_that_raises_keeps_the_old_file(lake):
    write_ticks(lake, quotes(3))

    with pytest.raises(Conflict, match="lost"):
        publish_batches(lake, tick_table(quotes(5)).to_batches(), guard=refuse)

    assert pq.read_metadata(lake.ticks_file(DAY, "ES")).num_rows == 3


def test_no_rows_make_no_file(lake):
    with pytest.raises(NotFound, match="nothing to write for ES"):
        publish_batches(lake, [])

    assert not lake.ticks_file(DAY, "ES").exists()


@pytest.mark.parametrize("rows", [quotes(3)[::-1], [trade(2, 1, 1), trade(1, 1, 1)]], ids=["seq", "ts"])
def test_rows_out_of_order_are_refused(lake, rows):
    with pytest.raises(Conflict, match="order"):
        publish_batches(lake, tick_table(rows).to_batches())


def test_a_full_disk_is_told_and_leaves_nothing(lake):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Unavailable, match="no space is left"):
        publish_batches(lake, torn(tick_table(quotes(9)).to_batches(), full))

    assert list(lake.staging.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_by_the_next_writer_of_that_file(lake):
    write_ticks(lake, quotes(1))
    own = leave(lake, "ticks@date=2025-10-09@symbol=ES@ticks.parquet@0a.part")
    others = leave(lake, "ticks@date=2025-10-09@symbol=ES.X@ticks.parquet@0b.part")

    write_ticks(lake, quotes(2))

    assert not own.exists()
    assert others.exists()


def test_a_sweep_removes_what_killed_writers_left_and_nothing_that_is_written(lake):
    left, written = leave(lake, "ticks@a@0.part"), lake.staging / "ticks@b@0.part"

    with claimed(written):
        swept = sweep_staging(lake, LATER)
        stays = written.exists()

    assert (swept, left.exists(), stays) == (1, False, True)
    assert sweep_staging(Lake(lake.root / "absent"), LATER) == 0


def publish_batches(lake, batches, **options):
    target = lake.ticks_file(date(2025, 10, 9), "ES")
    return publish(lake, target, TICK_FILE, batches, day=DAY, symbol="ES", taken_at=LATER, **options)


def draft_of(lake, rows, **options):
    batches = tick_table(rows).to_batches() if isinstance(rows, list) else rows
    target = lake.ticks_file(DAY, "ES")
    return draft(lake, target, TICK_FILE, batches, day=DAY, symbol="ES", taken_at=LATER, **options)


def torn(batches, error):
    yield from batches
    raise error


def refuse():
    raise Conflict("the lock was lost")


def leave(lake, name):
    path: Path = lake.staging / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half a file")
    return path


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
