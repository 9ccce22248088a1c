from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.collectors.recordings import BATCH_ROWS, open_recording
from app.errors import Rejected
from tests.factories import MOMENT

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
CSV = "symbol,ts,seq,last,volume\nES,2025-10-09T15:30:00Z,1,6710.25,10\nNQ,2025-10-09T15:30:00.5Z,2,,\n"


def table(**columns):
    known = {
        "symbol": pa.array(["ES", "NQ", "ES"]),
        "ts": pa.array([MOMENT + timedelta(seconds=n) for n in range(3)], pa.timestamp("us", "UTC")),
        "seq": pa.array([1, 2, 3]),
        "last": pa.array([Decimal("6710.25"), None, Decimal("-0.000000001")], pa.decimal128(18, 9)),
        "bid_size": pa.array([1, None, 3]),
    }
    return pa.table({name: column for name, column in (known | columns).items() if column is not None})


@pytest.fixture
def write(tmp_path):
    def write(found, **options):
        pq.write_table(found, tmp_path / "day.parquet", **options)
        return tmp_path / "day.parquet"

    return write


@pytest.fixture
def write_csv(tmp_path):
    def write_csv(text):
        (tmp_path / "day.csv").write_text(text)
        return tmp_path / "day.csv"

    return write_csv


def rows_of(recording):
    return [row for batch in recording.batches() for row in batch.to_pylist()]


def refusal(path):
    with pytest.raises(Rejected) as refused:
        open_recording(path, NOW)
    assert len(str(refused.value).splitlines()) == 1
    assert str(path) in str(refused.value)
    return str(refused.value)


def test_a_good_file_tells_its_rows_symbols_and_span(write):
    recording = open_recording(write(table()), NOW)

    assert (recording.rows, recording.symbols) == (3, ("ES", "NQ"))
    assert (recording.first, recording.last) == (MOMENT, MOMENT + timedelta(seconds=2))


def test_the_rows_come_in_file_order_and_exactly(write):
    rows = rows_of(open_recording(write(table()), NOW))

    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert [row["last"] for row in rows] == [Decimal("6710.250000000"), None, Decimal("-0.000000001")]
    assert rows[0]["ts"] == MOMENT


def test_narrower_decimals_whole_numbers_and_other_zones_are_the_same_quotes(write):
    chicago = pa.array([MOMENT + timedelta(seconds=n) for n in range(3)], pa.timestamp("ms", "America/Chicago"))
    prices = pa.array([Decimal("6710.25"), None, Decimal("1")], pa.decimal128(10, 4))
    path = write(
        table(
            ts=chicago, last=prices, bid=pa.array([6710, None, 38_000]), symbol=pa.array(["ES"] * 3).dictionary_encode()
        )
    )

    rows = rows_of(open_recording(path, NOW))

    assert [row["ts"] for row in rows] == [MOMENT + timedelta(seconds=n) for n in range(3)]
    assert [row["last"] for row in rows] == [Decimal("6710.25"), None, Decimal("1")]
    assert [row["bid"] for row in rows] == [Decimal("6710"), None, Decimal("38000")]


def test_a_flag_that_is_not_known_is_not_set(write):
    rows = rows_of(open_recording(write(table(trade=pa.array([True, None, False]))), NOW))

    assert [row["trade"] for row in rows] == [True, False, False]


def test_columns_of_the_lake_that_a_replay_gives_anew_are_left_out(write):
    path = write(table(source=pa.array(["SCHWAB"] * 3), session_date=pa.array(["x"] * 3)))

    assert "source" not in rows_of(open_recording(path, NOW))[0]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"symbol": pa.array(["ES", None, "ES"])}, "row 2: symbol is missing"),
        ({"symbol": pa.array(["ES", "NQ", "es"])}, "row 3: symbol is malformed"),
        ({"symbol": pa.array(["ES", "NQ", "/ES"])}, "row 3: symbol is malformed"),
        ({"symbol": pa.array(["ES", "NQ", "ES\n"])}, "row 3: symbol is malformed"),
        ({"symbol": pa.array(["ES", "NQ", "ES\0"])}, "row 3: symbol is malformed"),
        ({"contract": pa.array(["ESZ25", None, "esz25"])}, "row 3: contract is malformed"),
        ({"seq": pa.array([1, None, 3])}, "row 2: seq is missing"),
        ({"seq": pa.array([1, 2, -3])}, "row 3: seq is negative"),
        ({"bid_size": pa.array([1, -2, 3])}, "row 2: bid_size is negative"),
        ({"ts": pa.array([MOMENT, None, MOMENT], pa.timestamp("us", "UTC"))}, "row 2: ts is missing"),
        ({"ts": pa.array([MOMENT.replace(tzinfo=None)] * 3)}, "column ts has no time zone"),
        ({"ts": pa.array(["2025-10-09T15:30:00Z"] * 3)}, "column ts has no time zone"),
        ({"ts": pa.array([1_760_023_800] * 3)}, "column ts has no time zone"),
        (
            {"ts": pa.array([MOMENT, MOMENT, NOW + timedelta(minutes=6)], pa.timestamp("us", "UTC"))},
            "row 3: ts is before 2000",
        ),
        (
            {"ts": pa.array([datetime(1999, 12, 31, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC"))},
            "row 1: ts is before 2000",
        ),
        ({"last": pa.array([1.5, None, 2.5])}, "column last holds floating-point numbers: store it as decimal(18,9)"),
        ({"bid_size": pa.array([1.0, None, 2.0])}, "column bid_size holds floating-point numbers: store it as int64"),
        ({"last": pa.array([Decimal("1.0000000001")] * 3)}, "not a readable recording"),
        ({"last": pa.array([Decimal("1234567890")] * 3)}, "not a readable recording"),
        ({"last": pa.array([10**12] * 3)}, "not a readable recording"),
        ({"last": pa.array(["6710'16"] * 3)}, "not a readable recording"),
        ({"seq": pa.array(["1", "2", "x"])}, "not a readable recording"),
        ({"seq": None}, "column seq missing"),
        ({"last": None}, "no price column"),
        ({"colour": pa.array(["a", "b", "c"])}, "column colour is not known"),
    ],
    ids=lambda part: part if isinstance(part, str) else ",".join(part),
)
def test_a_file_with_a_bad_column_or_row_is_refused_with_the_reason(write, columns, reason):
    assert reason in refusal(write(table(**columns)))


def test_a_bad_row_is_counted_over_the_whole_file(write):
    many = BATCH_ROWS * 2
    seqs = pa.array([*range(many), -1])
    columns = {"symbol": ["ES"] * (many + 1), "ts": [MOMENT] * (many + 1), "last": [None] * (many + 1)}
    kinds = {"symbol": pa.string(), "ts": pa.timestamp("us", "UTC"), "last": pa.decimal128(18, 9)}

    path = write(pa.table({name: pa.array(column, kinds[name]) for name, column in columns.items()} | {"seq": seqs}))

    assert f"row {many + 1}: seq is negative" in refusal(path)


def test_a_file_with_a_column_twice_is_refused(write):
    twice = table().append_column("last", pa.array([1, 2, 3]))

    assert "column last is there twice" in refusal(write(twice))


def test_a_file_without_rows_is_refused(write):
    assert "holds no rows" in refusal(write(table().slice(0, 0)))


@pytest.mark.parametrize("kept", [0, 3, 4, 100, 0.5, -1])
def test_a_truncated_file_is_refused(write, kept):
    path = write(table())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])

    assert "not a readable recording" in refusal(path)


def test_a_file_with_a_flipped_byte_is_refused(write):
    path = write(table(), write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[content.index((1).to_bytes(8, "little") + (2).to_bytes(8, "little"))] ^= 4
    path.write_bytes(bytes(content))

    assert "not a readable recording" in refusal(path)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"hello\n", b"PK\x03\x04" + b"\0" * 100, b"PAR1" + b"\0" * 100 + b"PAR1"]
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "day.parquet").write_bytes(content)

    assert "not a readable recording" in refusal(tmp_path / "day.parquet")


def test_a_parquet_file_of_something_else_is_refused(write):
    assert "is not a recording of quotes" in refusal(write(pa.table({"city": ["Chicago"], "people": [2_700_000]})))


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.parquet")
    assert "is not a file" in refusal(tmp_path)


def test_a_csv_file_is_read_like_a_parquet_file(write_csv):
    recording = open_recording(write_csv(CSV), NOW)

    rows = rows_of(recording)
    assert recording.symbols == ("ES", "NQ")
    assert (rows[0]["last"], rows[0]["volume"]) == (Decimal("6710.25"), 10)
    assert (rows[1]["last"], rows[1]["volume"]) == (None, None)
    assert rows[1]["ts"] == MOMENT + timedelta(milliseconds=500)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "symbol,ts,seq,last\n",
        "symbol,ts,last\nES,2025-10-09T15:30:00Z,1\n",
        "symbol,ts,seq,last,last\nES,2025-10-09T15:30:00Z,1,1,1\n",
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00,1,6710.25\n",
        "symbol,ts,seq,last\nES,2125-10-09T15:30:00Z,1,6710.25\n",
        "symbol,ts,seq,last\nES,yesterday,1,6710.25\n",
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1,NaN\n",
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1,1.0000000001\n",
        'symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1,"6,710.25"\n',
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,one,6710.25\n",
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1\n",
        "symbol,ts,seq,last\n,2025-10-09T15:30:00Z,1,6710.25\n",
        "symbol,ts,seq,last,colour\nES,2025-10-09T15:30:00Z,1,6710.25,blue\n",
        "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1,6710.25\n\xff\xfe\n",
        "PAR1",
    ],
)
def test_a_bad_csv_file_is_refused(write_csv, text):
    refusal(write_csv(text))
