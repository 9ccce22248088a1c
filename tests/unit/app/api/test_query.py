from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies
from pydantic import ValidationError

from app.api.query import QuotesQuery, StreamQuery, read_instant, read_symbols
from app.errors import Rejected


@pytest.mark.parametrize(
    ("text", "symbols"),
    [("ES", ["ES"]), ("nq, ES ,,es", ["NQ", "ES"]), ("6E,BRK.B,ES_F,A-B", ["6E", "BRK.B", "ES_F", "A-B"])],
)
def test_symbols_are_read_in_upper_case_each_once(text, symbols):
    assert read_symbols(text) == symbols


@pytest.mark.parametrize("text", ["", ",", "/ES", "ſ", "ß", "Ｅ", "E S", "*", "A" * 17, "../x"])
def test_what_is_no_symbol_is_rejected(text):
    with pytest.raises(Rejected):
        read_symbols(text)


@given(strategies.text())
def test_any_text_makes_symbols_of_the_grammar_or_is_rejected(text):
    try:
        symbols = read_symbols(text)
    except Rejected as error:
        assert str(error).isprintable()
    else:
        assert all(symbol.isascii() and symbol.upper() == symbol for symbol in symbols)


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-09T15:30:00Z",
        "2025-10-09T17:30:00+02:00",
        "2025-10-09T17:30:00 02:00",
        "2025-10-09T17:30:00 0200",
        "2025-10-09T17:30:00 02",
        "2025-10-09 17:30:00 02:00",
        "2025-10-09t17:30:00.000 02:00",
    ],
)
def test_an_instant_is_read_as_utc(text):
    assert read_instant(text) == datetime(2025, 10, 9, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-10-09 15:30", "2025-10-09 1530", "20251009 15", "2025-10-09T15:30:00"])
def test_a_time_without_an_offset_is_not_taken_for_one(text):
    with pytest.raises(Rejected, match="no offset"):
        read_instant(text)


@given(strategies.text())
def test_any_text_is_an_instant_or_is_rejected(text):
    try:
        instant = read_instant(text)
    except Rejected:
        return

    assert instant.tzinfo is UTC


@pytest.mark.parametrize("model", [QuotesQuery, StreamQuery])
def test_a_parameter_that_is_not_known_is_refused(model):
    with pytest.raises(ValidationError, match="symbol\n"):
        model.model_validate({"symbol": "ES"})


def test_a_refusal_names_the_field_and_gives_the_reason_alone():
    with pytest.raises(ValidationError) as caught:
        QuotesQuery.model_validate({"symbols": "", "at": "2025-10-09T15:30:00"})

    reasons = {error["loc"][0]: error["msg"] for error in caught.value.errors()}
    assert reasons["symbols"].startswith("no symbol is named")
    assert "no offset" in reasons["at"]
