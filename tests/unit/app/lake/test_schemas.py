import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Numeric, String

from app.lake.schemas import BAR_FILE, INSTANT, NAME, PRICE, TICK_FILE
from app.ticks.models import Tick

TYPES = {
    String: NAME,
    BigInteger: pa.int64(),
    DateTime: INSTANT,
    Date: pa.date32(),
    Numeric: PRICE,
    Boolean: pa.bool_(),
}


def test_a_tick_file_has_the_columns_of_the_tick_table():
    table = [(column.name, TYPES[type(column.type)], column.nullable) for column in Tick.__table__.columns]

    assert [(field.name, field.type, field.nullable) for field in TICK_FILE.columns] == table


def test_every_column_has_one_packing():
    for schema in (TICK_FILE, BAR_FILE):
        flags = {field.name for field in schema.columns if pa.types.is_boolean(field.type)}

        assert schema.deltas.isdisjoint(schema.dictionaries)
        assert {*schema.deltas, *schema.dictionaries, *flags} == set(schema.columns.names)
