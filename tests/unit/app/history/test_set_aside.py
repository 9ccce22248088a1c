import errno
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.errors import Conflict, Unavailable
from app.history import set_aside as module
from app.history.bar_query import BAR_INPUT
from app.history.set_aside import set_aside
from app.history.ticks import tick_schema
from app.lake.files import sweep_staging
from app.lake.layout import Lake
from tests.factories import quotes
from tests.ticks import tick_table

SCHEMA = tick_schema(BAR_INPUT)
NOW = datetime.now(UTC)


def test_few_ticks_stay_in_memory(lake):
    with set_aside(lake, tables(3, 5), SCHEMA) as found:
        assert found.equals(pa.concat_tables(tables(3, 5)))

    assert not lake.root.exists()


def test_no_ticks_are_an_empty_table(lake):
    with set_aside(lake, [], SCHEMA) as found:
        assert found.equals(SCHEMA.empty_table())


@pytest.mark.parametrize("sizes", [(4, 4, 4), (10, 1), (9, 1, 1, 1)])
def test_many_ticks_are_a_file_in_their_order_that_is_gone_afterwards(lake, few, sizes):
    with set_aside(lake, tables(*sizes), SCHEMA) as found:
        assert isinstance(found, Path)
        assert sweep_staging(lake, NOW) == 0
        assert pq.ParquetFile(found).read().equals(pa.concat_tables(tables(*sizes)))

    assert list(lake.staging.iterdir()) == []


def test_what_breaks_in_between_leaves_no_file(lake, few):
    def broken():
        yield from tables(6, 6)
        raise Conflict("damaged")

    with pytest.raises(Conflict, match="damaged"), set_aside(lake, broken(), SCHEMA):
        pass

    assert list(lake.staging.iterdir()) == []


def test_a_drive_that_fails_is_unavailable(lake, few):
    lake.root.mkdir()
    lake.staging.touch()

    with pytest.raises(Unavailable, match="large session"), set_aside(lake, tables(6, 6), SCHEMA):
        pass


def test_a_full_drive_is_unavailable_and_left_as_it_was(lake, few, monkeypatch):
    class FullWriter(pq.ParquetWriter):
        def write_table(self, *args, **kwargs):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.pq, "ParquetWriter", FullWriter)

    with pytest.raises(Unavailable, match="No space left"), set_aside(lake, tables(6, 6), SCHEMA):
        pass

    assert list(lake.staging.iterdir()) == []


def tables(*sizes):
    whole = tick_table(quotes(sum(sizes))).select(BAR_INPUT).cast(SCHEMA)
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    return [whole.slice(start, size) for start, size in zip(starts, sizes, strict=True)]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(module, "MEMORY_ROWS", 8)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
