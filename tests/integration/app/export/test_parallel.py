import pyarrow.parquet as pq
import pytest

from app.errors import Unavailable
from app.export.plan import ExportOptions, plan_day
from app.export.ticks import export_symbols
from app.lake.layout import Lake
from tests.factories import DAY, quotes
from tests.ticks import LATER, store_quotes

SYMBOLS = ("CL", "ES", "GC", "NQ", "ZN")


@pytest.mark.parametrize("at_once", [1, 3])
def test_symbols_exported_side_by_side_are_whole_and_come_in_order(sessions, lake, plans, at_once):
    done = list(export_symbols(sessions, lake, plans, LATER, ExportOptions(), at_once))

    assert [(one.plan.symbol, one.facts.rows) for one in done] == [(name, 10 + len(name)) for name in SYMBOLS]
    for name in SYMBOLS:
        found = pq.ParquetFile(lake.ticks_file(DAY, name)).read(["seq"])
        assert found["seq"].to_pylist() == list(range(1, 11 + len(name)))


def test_one_that_fails_beside_others_is_told_and_theirs_stay(sessions, lake, plans):
    lake.staging.parent.mkdir(parents=True, exist_ok=True)
    in_the_way = lake.root / "ticks" / f"date={DAY}" / "symbol=ES"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where a folder must be")

    with pytest.raises(Unavailable):
        list(export_symbols(sessions, lake, plans, LATER, ExportOptions(), at_once=2))

    assert lake.ticks_file(DAY, "CL").is_file()
    assert list(lake.staging.iterdir()) == []


@pytest.fixture
def plans(sessions, lake):
    for name in SYMBOLS:
        store_quotes(sessions, quotes(10 + len(name), symbol=name))
    with sessions() as session:
        return plan_day(session, lake, DAY, ExportOptions())


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
