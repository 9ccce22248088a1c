from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.export.ticks import export_day
from app.lake.layout import Lake
from app.lake.packing import packing
from app.lake.schemas import TICK_FILE
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.faults.scenario import Scale, Trial
from tests.faults.scenarios.export_compare import COLUMNS, EXPORT_COMPARE, compare

ROWS = 600


def test_every_cell_of_a_day_arrives_in_the_lake_as_it_is_stored(tmp_path):
    outcome = EXPORT_COMPARE.run(Trial(Scale.QUICK, tmp_path))

    assert outcome.wrong == []
    assert outcome.figures["different"] == 0


def test_the_comparison_sees_a_single_cell_that_differs_in_any_column(exported, sessions):
    path = exported.ticks_file(DAY, "ES")
    table = pq.ParquetFile(path).read()
    seen = {}

    for column in COLUMNS:
        pq.write_table(changed_cell(table, column, 41), path, **packing(TICK_FILE))
        cells, wrong = compare(sessions, exported, "ES")
        assert cells == ROWS * len(COLUMNS)
        seen[column] = [line.partition(": ")[0] for line in wrong]

    assert seen == {column: [f"{column} of row 41"] for column in COLUMNS}


def test_the_comparison_sees_that_a_row_is_missing(exported, sessions):
    path = exported.ticks_file(DAY, "ES")
    pq.write_table(pq.ParquetFile(path).read().slice(1), path, **packing(TICK_FILE))

    assert compare(sessions, exported, "ES") == (0, ["600 rows are stored and 599 in the file"])


def changed_cell(table, column, row):
    field = table.schema.field(column)
    cells = table[column].to_pylist()
    cells[row] = another(field, table[column].cast(pa.int64())[row].as_py() if is_time(field) else cells[row])
    values = pa.array(cells, pa.string()).dictionary_encode() if pa.types.is_dictionary(field.type) else None
    return table.set_column(table.column_names.index(column), field, values or pa.array(cells, field.type))


def another(field, value):
    if pa.types.is_decimal(field.type):
        return (Decimal(0) if value is None else value) + (
            Decimal("1e-9") if not value or value < 0 else -Decimal("1e-9")
        )
    if pa.types.is_boolean(field.type):
        return not value
    if pa.types.is_integer(field.type) or is_time(field):
        return (value or 0) - 1
    if pa.types.is_date(field.type):
        return value.replace(year=2024)
    return f"{value}X"


def is_time(field):
    return pa.types.is_timestamp(field.type)


@pytest.fixture
def exported(sessions, tmp_path):
    fill_day(sessions, "ES", ROWS)
    lake = Lake(tmp_path / "lake")
    export_day(sessions, lake, DAY, LATER)
    return lake
