from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given

from app.errors import Rejected
from app.market.markets import market
from app.quotes import (
    SOURCES,
    from_fields,
    known_source,
    parse_symbol,
    parse_symbols,
    public_form,
    seq_of,
    to_fields,
)
from tests.factories import DAY, MOMENT, quote, wire
from tests.strategies import quotes

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SESSION_OF = market().session_of


def read(**fields):
    return from_fields(wire(**fields), NOW, SESSION_OF)


@given(quotes())
def test_a_quote_survives_the_way_over_the_wire(written):
    flat = to_fields(written)

    found = from_fields(dict(zip(flat[::2], flat[1::2], strict=True)), NOW, SESSION_OF)

    assert found == written


@given(quotes())
def test_the_wire_form_is_text_without_what_is_not_known(written):
    flat = to_fields(written)

    assert all(isinstance(word, str) for word in flat)
    assert set(flat[::2]) == {name for name, value in written._asdict().items() if value is not None}


def test_prices_go_over_the_wire_as_plain_decimals():
    flat = to_fields(quote(last=Decimal("1.5E+3"), bid=Decimal("0.000000005"), ask=Decimal("-37.63")))

    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    assert (fields["last"], fields["bid"], fields["ask"]) == ("1500", "0.000000005", "-37.63")


def test_times_go_over_the_wire_as_utc_with_microseconds():
    chicago = timezone(timedelta(hours=-5))

    flat = to_fields(quote(ts=datetime(2025, 10, 9, 10, 30, tzinfo=chicago)))

    assert dict(zip(flat[::2], flat[1::2], strict=True))["ts"] == "2025-10-09T15:30:00.000000Z"


@pytest.mark.parametrize(
    "parts",
    [
        {"symbol": "es"},
        {"symbol": "/ES"},
        {"symbol": ""},
        {"symbol": "E" * 17},
        {"source": "BLOOMBERG"},
        {"seq": -1},
        {"seq": 2**63},
        {"ts": datetime(2025, 10, 9, 15, 30)},
        {"recv_ts": datetime(2025, 10, 9, 15, 30)},
        {"contract": "esz25"},
        {"contract": "ES\t1"},
        {"ts_origin": "guess"},
        {"last": Decimal("NaN")},
        {"bid": Decimal("Infinity")},
        {"ask": Decimal("-sNaN")},
        {"open": Decimal("1E+9")},
        {"high": Decimal("0.0000000001")},
        {"change": Decimal("1.1234567891")},
        {"last_size": -1},
        {"volume": 2**63},
    ],
    ids=str,
)
def test_a_quote_that_could_not_be_stored_is_not_written(parts):
    with pytest.raises(Rejected):
        to_fields(quote(**parts))


@pytest.mark.parametrize("name", ["symbol", "source", "seq", "ts"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_field_is_named(name, value):
    with pytest.raises(Rejected, match=f"{name} missing"):
        read(**{name: value})


def test_every_missing_field_is_named_at_once():
    with pytest.raises(Rejected, match="symbol, source, seq, ts missing"):
        from_fields({}, NOW, SESSION_OF)


def test_fields_that_are_not_known_are_ignored():
    assert read(colour="blue") == read()


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-09T15:30:00",
        "2025-10-09T15:30:00+25:00",
        "2025-10-09T15:30:00+00:60",
        "2025-10-09 15:30:00Z",
        "1760023800",
        "1760023800000",
        "1760023800000000000",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59.999999Z",
        "2026-01-05T12:05:00.000001Z",
        "2026-01-07T12:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "NaT",
        "now",
        "2025-10-09T15:30:60Z",
        "2025-10-09T24:00:00Z",
        "2025-02-30T15:30:00Z",
        "2025-10-09T15:30:00.1234567Z",
        "２025-10-09T15:30:00Z",
        "2025-10-09T15:30:00Z\n",
        "2025-10-09T15:30:00[America/Chicago]",
        "٢٠٢٥-10-09T15:30:00Z",
    ],
)
@pytest.mark.parametrize("name", ["ts", "recv_ts"])
def test_a_time_that_names_no_plausible_instant_is_rejected(name, text):
    with pytest.raises(Rejected, match=f"^{name}: "):
        read(**{name: text})


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-10-09T15:30:00Z", MOMENT),
        ("2025-10-09T10:30:00-05:00", MOMENT),
        ("2025-10-09T15:30:00.000001Z", MOMENT + timedelta(microseconds=1)),
        ("2026-01-05T12:05:00Z", NOW + timedelta(minutes=5)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_with_an_offset_is_read_as_utc(text, instant):
    assert read(ts=text).ts == instant
    assert read(ts=text).ts.utcoffset() == timedelta()


def test_the_trading_day_is_that_of_the_time_whatever_the_entry_says():
    assert read(ts="2025-10-09T22:00:00Z", session_date="1999-01-01").session_date == date(2025, 10, 10)
    assert read().session_date == DAY


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "1e309",
        "1,234.5",
        "N/A",
        "0x10",
        "4" * 40,
        "1.1234567890",
        "1234567890",
        "5000'16",
        " 5",
        "5 ",
        "+5",
        ".5",
        "5.",
        "--5",
        "５",
        "1_000",
        "5\n",
    ],
)
@pytest.mark.parametrize("name", ["last", "change"])
def test_what_is_no_exact_price_is_rejected(name, text):
    with pytest.raises(Rejected, match=f"^{name}: "):
        read(**{name: text})


@pytest.mark.parametrize("text", ["", "null", None])
def test_a_price_or_size_that_is_absent_is_not_known(text):
    found = read(last=text, volume=text)

    assert found.last is None
    assert found.volume is None


@pytest.mark.parametrize("text", ["-37.63", "0", "-0.000000001", "999999999.999999999"])
def test_a_price_is_kept_exactly(text):
    assert str(read(last=text).last) == str(Decimal(text))


@pytest.mark.parametrize("text", ["-1", "1.5", str(2**63), "1e3", "ten", "９", "0x1", " 1", "1" * 20])
@pytest.mark.parametrize("name", ["last_size", "bid_size", "ask_size", "volume", "seq"])
def test_what_is_no_count_is_rejected(name, text):
    with pytest.raises(Rejected, match=f"^{name}: "):
        read(**{name: text})


def test_the_largest_count_is_read():
    assert read(seq=str(2**63 - 1), volume=str(2**63 - 1)).volume == 2**63 - 1


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "BLOOMBERG"},
        {"source": "replay"},
        {"v": "99"},
        {"v": "\x00"},
        {"v": ""},
        {"symbol": "../../etc/passwd"},
        {"symbol": "es"},
        {"symbol": "ES\x00"},
        {"symbol": "ES\n"},
        {"symbol": "ＥＳ"},
        {"contract": "ES Z25"},
        {"contract": "E" * 25},
        {"ts_origin": "exchange "},
        {"trade": "yes"},
        {"delayed": "2"},
    ],
    ids=str,
)
def test_a_word_outside_its_grammar_is_rejected_in_one_printable_line(fields):
    with pytest.raises(Rejected) as refused:
        read(**fields)

    assert str(refused.value).isprintable()


def test_a_time_outside_the_calendar_is_rejected():
    def outside(_ts):
        raise Rejected("outside the calendar")

    with pytest.raises(Rejected, match="outside the calendar"):
        from_fields(wire(), NOW, outside)


@pytest.mark.parametrize("text", ["ES", "6E", "BRK.B", "ES_F", "A-B", "0", "A" * 16])
def test_a_symbol_of_the_grammar_is_itself(text):
    assert parse_symbol(text) == text


@pytest.mark.parametrize(
    "text", ["", "es", "/ES", "ES ", "ES\n", ".ES", "A" * 17, "ＥＳ", "ES;--", "{{7*7}}", "E\u200bS"]
)
def test_a_symbol_outside_the_grammar_is_rejected(text):
    with pytest.raises(Rejected, match="a symbol is"):
        parse_symbol(text)


def test_a_list_of_symbols_is_in_upper_case_and_in_order_and_without_repeats():
    assert parse_symbols("nq, ES,,Nq ,es") == ["NQ", "ES"]


@pytest.mark.parametrize("text", ["", ",", " , ", "ES\n,NQ", "ES,/NQ", "ﬁ", "eß", "ES;NQ"])
def test_a_list_without_a_symbol_or_with_a_malformed_one_is_rejected(text):
    with pytest.raises(Rejected):
        parse_symbols(text)


def test_a_later_token_numbers_above_everything_under_an_earlier_one():
    assert seq_of(2, 0) > seq_of(1, 2**32 - 1)
    assert seq_of(2**31 - 1, 2**32 - 1) == 2**63 - 1


def test_the_public_form_keeps_prices_as_text_and_makes_counts_and_flags_typed():
    shown = public_form(
        {"symbol": "ES", "last": "6710.250", "volume": "12", "seq": "7", "trade": "1", "stream_id": "1-0"}
    )

    assert shown == {"symbol": "ES", "last": "6710.250", "volume": 12, "seq": 7, "trade": True}


def test_a_known_source_is_itself_and_others_are_rejected():
    assert [known_source(name) for name in SOURCES] == list(SOURCES)
    with pytest.raises(Rejected, match="EXCEL, SCHWAB, REPLAY, SIMULATED"):
        known_source("replay")
