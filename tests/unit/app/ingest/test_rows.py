from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import instant_text
from app.ingest.columns import COLUMNS
from app.ingest.rows import RowMaker
from app.market.markets import market
from app.quotes import to_fields
from tests.factories import DAY, quote, words
from tests.strategies import quotes

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
COLUMN = {name: index for index, name in enumerate(COLUMNS)}


def made(*entries, strict=False):
    numbered = [(b"%d-0" % number, entry) for number, entry in enumerate(entries)]
    return RowMaker(market()).rows(numbered, NOW, strict=strict)


def encoded(any_quote):
    return [word.encode() for word in to_fields(any_quote)]


def reordered(entry, order):
    pairs = list(zip(entry[::2], entry[1::2], strict=True))
    return [word for index in order for word in pairs[index]]


def cell(rows, name):
    return rows.lines[0].rstrip(b"\n").split(b"\t")[COLUMN[name]]


@given(st.lists(quotes(), min_size=1, max_size=5))
def test_the_fast_way_makes_the_rows_that_the_strict_one_makes(some):
    entries = [encoded(any_quote) for any_quote in some]

    fast, strict = made(*entries), made(*entries, strict=True)

    assert fast == strict
    assert len(fast.lines) == len(some)


@given(quotes(), st.data())
def test_the_order_of_the_fields_does_not_matter(any_quote, data):
    entry = encoded(any_quote)
    order = data.draw(st.permutations(range(len(entry) // 2)))

    assert made(reordered(entry, order)).lines == made(entry).lines


def test_a_row_has_the_columns_of_the_tick_table_with_null_for_what_is_not_known():
    rows = made(encoded(quote(bid=None, contract=None)))

    assert rows.lines[0].endswith(b"\n")
    assert rows.lines[0].count(b"\t") == len(COLUMNS) - 1
    assert (cell(rows, "symbol"), cell(rows, "bid"), cell(rows, "contract")) == (b"ES", rb"\N", rb"\N")
    assert (cell(rows, "session_date"), rows.days) == (DAY.isoformat().encode(), {DAY})


@pytest.mark.parametrize(
    ("ts", "day"),
    [
        ("2025-10-09T21:59:59.999999Z", date(2025, 10, 9)),
        ("2025-10-09T22:00:00.000000Z", date(2025, 10, 10)),
        ("2025-10-10T22:00:00.000000Z", date(2025, 10, 13)),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_a_row_belongs_to_the_trading_day_of_its_time(ts, day, strict):
    rows = made(words(), words(ts=ts), strict=strict)

    assert rows.days == {DAY, day}
    assert rows.lines[1].split(b"\t")[COLUMN["session_date"]] == day.isoformat().encode()


BAD = [
    {"ts": None},
    {"symbol": None},
    {"source": None},
    {"seq": None},
    {"ts": "2025-10-09T15:30:00"},
    {"ts": "2025-10-32T15:30:00.000000Z"},
    {"ts": "2025-10-09T29:30:00.000000Z"},
    {"ts": "1970-01-01T00:00:00.000000Z"},
    {"ts": "2026-01-05T12:05:00.000001Z"},
    {"ts": "2125-10-09T15:30:00.000000Z"},
    {"ts": "0000-00-00T00:00:00.000000Z"},
    {"recv_ts": "1970-01-01T00:00:00.000000Z"},
    {"recv_ts": "2125-10-09T15:30:00.000000Z"},
    {"recv_ts": "yesterday"},
    {"last": "NaN"},
    {"last": "1e309"},
    {"last": "Infinity"},
    {"last": "1.0000000001"},
    {"last": "1\t2"},
    {"last": "1\n2"},
    {"last": r"\N\N"},
    {"last": r"\N"},
    {"last": b"1" + b"\t\\N" * 12 + b"\t1\t0\n" + b"ES\tREPLAY\t7\t" + b"2025-10-09T15:30:00.000000Z\t" * 2},
    {"bid": "1,234.5"},
    {"volume": "-1"},
    {"volume": "1.5"},
    {"volume": str(2**63)},
    {"seq": "-1"},
    {"seq": str(2**63)},
    {"seq": "x"},
    {"symbol": "es"},
    {"symbol": "ES\x00"},
    {"symbol": b"E\xff"},
    {"symbol": "ES\t"},
    {"contract": b"\xff\xfe"},
    {"contract": "ES\\N"},
    {"source": "BLOOMBERG"},
    {"trade": "t"},
    {"v": "99"},
    {"v": "2"},
    {"note": b"\xff"},
    {"last": b"9" * 1_000_000},
    {"note": b"x" * 1_000_000},
    {f"field_{number}": "x" for number in range(5_000)},
]


@pytest.mark.parametrize("fields", BAD, ids=lambda fields: str(fields)[:60])
@pytest.mark.parametrize("strict", [False, True])
def test_a_bad_entry_is_rejected_with_a_reason_and_its_neighbours_are_kept(fields, strict):
    bad = words(**fields)

    rows = made(words(seq="1"), bad, words(seq="2"), strict=strict)

    [reject] = rows.rejects
    assert (reject.id, reject.words) == (b"1-0", bad)
    assert reject.reason
    assert reject.reason.isprintable()
    assert len(reject.reason) < 300
    assert len(rows.lines) == 2


def test_the_strict_way_refuses_a_day_that_the_calendar_does_not_have():
    # The fast way leaves this to the database, which refuses the batch; the batch then comes here.
    rows = made(words(), words(recv_ts="2025-02-30T15:30:00.000000Z"), strict=True)

    assert [reject.id for reject in rows.rejects] == [b"1-0"]


def test_an_entry_without_words_was_trimmed_away():
    rows = made(words(), None)

    assert (rows.trimmed, len(rows.lines), rows.rejects) == ([b"1-0"], 1, [])


def test_fields_that_are_not_known_are_ignored():
    assert made(words(colour="blue")).lines == made(words()).lines


def test_of_two_fields_of_one_name_the_last_counts():
    rows = made([*words(), b"last", b"1.5"])

    assert cell(rows, "last") == b"1.5"


def test_empty_prices_and_sizes_are_not_known():
    rows = made(words(last="", bid="null", volume=""))

    assert [cell(rows, name) for name in ("last", "bid", "volume")] == [rb"\N"] * 3


def test_a_short_form_of_time_is_stored_like_the_long_one():
    assert made(words(ts="2025-10-09T10:30:00-05:00")).lines == made(words(ts="2025-10-09T15:30:00.000000Z")).lines


def test_a_missing_time_of_receipt_is_the_time_of_the_event():
    assert cell(made(words(recv_ts=None)), "recv_ts") == cell(made(words()), "ts")


def test_layouts_may_alternate_and_be_many():
    maker = RowMaker(market())
    thin = words(last=None, bid=None, ask=None, last_size=None, contract=None, volume=None)
    names = ["last", "bid", "ask", "open", "high", "low", "close", "change"]
    shapes = [{name: "1" if shape >> bit & 1 else None for bit, name in enumerate(names)} for shape in range(200)]
    entries = [entry for shape in shapes for entry in (thin, words(**shape))]

    rows = maker.rows([(b"%d-0" % n, entry) for n, entry in enumerate(entries)], NOW)

    assert rows.lines == made(*entries, strict=True).lines


def test_what_is_in_the_future_is_so_by_the_time_of_reading():
    maker = RowMaker(market())
    entry = words(ts=instant_text(NOW + timedelta(minutes=6)))

    early = maker.rows([(b"1-0", entry)], NOW)
    late = maker.rows([(b"1-0", entry)], NOW + timedelta(minutes=2))

    assert (len(early.rejects), len(late.rejects)) == (1, 0)
