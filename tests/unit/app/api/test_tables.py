import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.tables import arrow_parts, as_text, csv_parts, rows_of
from app.lake.schemas import INSTANT, PRICE
from tests.strategies import prices

SCHEMA = pa.schema([("name", pa.string()), ("price", PRICE), ("size", pa.int64()), ("trade", pa.bool_())])


@given(st.lists(st.none() | prices()))
def test_prices_are_plain_text_and_exact(values):
    column = pa.chunked_array([pa.array(values, PRICE)])

    shown = as_text(pa.table([column], ["price"])).column("price").to_pylist()

    assert [None if text is None else Decimal(text) for text in shown] == values
    assert all(text is None or text == format(Decimal(text).normalize(), "f") for text in shown)


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("100", "100"), ("0.000000001", "0.000000001"), ("-0.0000012", "-0.0000012"), ("1200.50", "1200.5")],
)
def test_a_price_has_neither_an_exponent_nor_zeros_at_its_end(value, text):
    assert texts(pa.array([Decimal(value)], PRICE)) == [text]


def test_times_have_microseconds_and_days_are_plain():
    instant = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)

    assert texts(pa.array([instant, None], INSTANT)) == ["2025-10-09T15:30:00.000000Z", None]
    assert texts(pa.array([instant.date()], pa.date32())) == ["2025-10-09"]


def test_a_row_for_json_keeps_numbers_and_flags():
    assert rows_of(table(["a"], ["1.50"], [-3], [True])) == [{"name": "a", "price": "1.5", "size": -3, "trade": True}]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\0x"])
def test_no_text_of_a_csv_is_a_formula_and_negative_numbers_stay_numbers(text):
    ((name, price, size, _),) = cells(table([text], ["-37.63"], [-5], [False]))

    assert name == f"'{text}"
    assert (price, size) == ("-37.63", "-5")


@pytest.mark.parametrize("text", ['say "hi"', "a,b", "a\nb", "ES", ""])
def test_a_text_comes_back_from_csv_as_it_was(text):
    ((name, *_),) = cells(table([text], ["1"], [1], [True]))

    assert name == text


def test_a_csv_of_plain_names_has_no_quotes_and_nulls_are_empty():
    parts = csv_parts([table(["ES"], ["1.25"], [3], [True]), table([None], [None], [None], [None])], SCHEMA)

    assert b"".join(parts) == b"name,price,size,trade\nES,1.25,3,true\n,,,\n"


def test_an_arrow_stream_is_whole_only_at_its_end():
    parts = list(arrow_parts([table(["a"], ["1"], [1], [True])] * 3, SCHEMA))

    assert pa.ipc.open_stream(b"".join(parts)).read_all().num_rows == 3
    assert pa.ipc.open_stream(b"".join(arrow_parts([], SCHEMA))).read_all().schema.equals(SCHEMA)
    assert b"".join(parts).endswith(b"\xff\xff\xff\xff\0\0\0\0")
    assert not b"".join(parts[:-1]).endswith(b"\xff\xff\xff\xff\0\0\0\0")


def table(names, prices, sizes, trades):
    numbers = [None if price is None else Decimal(price) for price in prices]
    return pa.table([names, pa.array(numbers, PRICE), pa.array(sizes, pa.int64()), trades], schema=SCHEMA)


def texts(column):
    return as_text(pa.table([column], ["x"])).column("x").to_pylist()


def cells(*tables):
    text = b"".join(csv_parts(tables, SCHEMA)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))[1:]
