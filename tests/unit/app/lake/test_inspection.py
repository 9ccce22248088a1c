import random
from datetime import date
from shutil import copyfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.errors import Conflict, NotFound
from app.lake.inspection import check_place, holds_one_value, inspect_file, labels_of, read_batches
from app.lake.layout import Lake
from app.lake.schemas import TICK_FILE
from tests.factories import DAY, quote, quotes
from tests.ticks import trade, write_ticks


def test_a_file_tells_what_was_published(file, facts):
    assert inspect_file(file, TICK_FILE) == facts


def test_no_flipped_bit_goes_unseen(file, facts):
    whole, dice = file.read_bytes(), random.Random(1)

    for _ in range(200):
        at = dice.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :])

        assert found_in(file) != facts, at


def test_a_flipped_bit_in_a_page_is_seen_without_knowing_the_file(lake, file):
    write_ticks(lake, [trade(i, i * i % 997, i) for i in range(3000)])
    whole, column = file.read_bytes(), pq.read_metadata(file).row_group(0).column(8)
    inside = column.dictionary_page_offset + column.total_compressed_size - 100

    file.write_bytes(whole[:inside] + bytes([whole[inside] ^ 1]) + whole[inside + 1 :])

    with pytest.raises(Conflict, match="damaged"):
        inspect_file(file, TICK_FILE)
    with pytest.raises(Conflict, match="damaged"):
        list(read_batches(file))


def test_a_file_is_read_in_its_order_batch_by_batch(file):
    batches = list(read_batches(file, 20))

    assert [batch.num_rows for batch in batches] == [20, 20, 10]
    assert pa.Table.from_batches(batches).equals(pq.read_table(file, partitioning=None))


@pytest.mark.parametrize("size", [0, 3, 500, -1])
def test_a_truncated_file_is_damaged(file, size):
    file.write_bytes(file.read_bytes()[:size])

    for look in (lambda: inspect_file(file, TICK_FILE), lambda: check_place(file, DAY, "ES"), lambda: labels_of(file)):
        with pytest.raises(Conflict, match="damaged or no Parquet file"):
            look()


def test_a_file_of_other_columns_is_refused(file):
    pq.write_table(pa.table({"symbol": ["ES"]}), file)

    with pytest.raises(Conflict, match="other columns"):
        inspect_file(file, TICK_FILE)


def test_a_missing_file_is_told_apart_from_a_damaged_one(tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        inspect_file(tmp_path / "ticks.parquet", TICK_FILE)


@pytest.mark.parametrize(("symbol", "day"), [("NQ", DAY), ("ES", date(2025, 10, 10))])
def test_a_file_in_the_wrong_folder_is_seen_from_its_footer(lake, file, symbol, day):
    wrong = lake.ticks_file(day, symbol)
    wrong.parent.mkdir(parents=True)
    copyfile(file, wrong)

    assert check_place(file, DAY, "ES") == 50
    with pytest.raises(Conflict, match=f"does not hold {symbol}"):
        check_place(wrong, day, symbol)


def test_a_column_of_one_value_is_known_from_the_footer(lake):
    write_ticks(lake, quotes(3))
    write_ticks(lake, [quote(symbol="NQ", contract=None)])
    write_ticks(lake, [quote(symbol="YM", contract=None), quote(symbol="YM", contract="YMZ25", seq=2)])
    write_ticks(lake, [quote(symbol="GC", contract="GCZ25"), quote(symbol="GC", contract="GCG26", seq=2)])

    told = {name: holds_one_value(lake.ticks_file(DAY, name), "contract") for name in ("ES", "NQ", "YM", "GC")}

    assert told == {"ES": True, "NQ": True, "YM": False, "GC": False}


def found_in(file):
    try:
        return inspect_file(file, TICK_FILE)
    except Conflict:
        return None


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def facts(lake):
    return write_ticks(lake, quotes(50))


@pytest.fixture
def file(lake, facts):
    return lake.ticks_file(DAY, "ES")
