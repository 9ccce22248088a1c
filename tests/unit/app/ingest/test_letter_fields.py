import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Rejected
from app.ingest.letter_fields import KEPT_BYTES, KEPT_FIELDS, mended_fields, readable_fields
from app.quotes import REQUIRED_FIELDS
from tests.factories import wire, words
from tests.poison import POISON

ENTRIES = st.lists(st.tuples(st.binary(max_size=300), st.binary(max_size=6000)), max_size=80)


def many(count, *first):
    return [*first, *(part for number in range(count) for part in (b"%d" % number, b"x"))]


def read_back(entry, correction=None):
    kept, truncated = readable_fields(entry)
    return mended_fields(kept, correction or {}, truncated=truncated)


def refusal(entry, correction=None):
    with pytest.raises(Rejected) as refused:
        read_back(entry, correction)
    return str(refused.value)


def test_text_stays_text():
    assert readable_fields([b"symbol", b"ES", b"note", "naïve".encode()]) == (
        {"symbol": "ES", "note": "naïve"},
        False,
    )


def test_what_is_no_text_or_holds_nul_is_kept_in_base64():
    kept, truncated = readable_fields([b"a", b"\xff\x00", b"b", b"E\x00S"])

    assert not truncated
    assert kept == {
        "a": {"base64": base64.b64encode(b"\xff\x00").decode()},
        "b": {"base64": base64.b64encode(b"E\x00S").decode()},
    }


def test_names_become_text_without_nul():
    assert readable_fields([b"\xff\x00n", b"1", b"a\x00", b"2"])[0] == {
        "\\xff\\x00n": {"name": "/wBu", "text": "1"},
        "a\\x00": "2",
    }


def test_long_values_are_cut_also_in_the_middle_of_a_letter_and_say_how_long_they_were():
    kept, truncated = readable_fields([b"a", b"x" + "é".encode() * 100_000, b"b", b"\xff" * 100_000])

    assert truncated
    assert kept["a"] == {"text": "x" + "é" * (KEPT_BYTES - 1), "bytes": 200_001}
    assert kept["b"] == {"base64": base64.b64encode(b"\xff" * KEPT_BYTES).decode(), "bytes": 100_000}


def test_values_of_the_greatest_size_are_kept_whole():
    kept, truncated = readable_fields([b"a", b"x" * KEPT_BYTES, b"b", b"\xff" * KEPT_BYTES])

    assert (kept["a"], truncated) == ("x" * KEPT_BYTES, False)
    assert "bytes" not in kept["b"]


def test_of_very_many_fields_the_first_are_kept():
    kept, truncated = readable_fields(many(5_000))

    assert (list(kept), truncated) == ([str(number) for number in range(KEPT_FIELDS)], True)


def test_of_very_many_fields_those_of_a_quote_are_kept_wherever_they_stand():
    kept, truncated = readable_fields([*many(5_000), *words()])

    assert truncated
    assert {name: kept[name] for name in wire()} == wire()


def test_all_values_of_a_name_that_is_given_twice_are_kept():
    kept, truncated = readable_fields([b"symbol", b"ES", b"symbol", b"\xff"])

    assert (kept, truncated) == ({"symbol": {"values": ["ES", {"base64": "/w=="}]}}, False)
    assert refusal([b"symbol", b"ES", b"symbol", b"\xff"]) == "symbol: is not valid UTF-8"


@given(ENTRIES)
def test_any_entry_is_kept_in_a_form_that_postgresql_holds(pairs):
    kept, _ = readable_fields([word for pair in pairs for word in pair])

    text = json.dumps(kept)
    assert "\\u0000" not in text
    assert json.loads(text) == kept


@given(ENTRIES)
def test_what_is_read_back_is_what_came_or_is_refused(pairs):
    entry = [word for pair in pairs for word in pair]
    kept, truncated = readable_fields(entry)

    try:
        fields = mended_fields(kept, {}, truncated=truncated)
    except Rejected:
        return

    assert not truncated or len(pairs) <= KEPT_FIELDS
    came = {name.decode("utf-8", "backslashreplace"): value for name, value in pairs}
    assert {name: value.encode() for name, value in fields.items() if name in came} == {
        name: value for name, value in came.items() if name in fields
    }


def test_a_correction_sets_fields_and_takes_fields_away():
    assert read_back([b"symbol", b"es", b"note", b"\xff"], {"symbol": "ES", "note": None, "seq": "1"}) == {
        "symbol": "ES",
        "seq": "1",
    }


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ([b"a", b"x" * 5_000], "a: only the beginning of its 5000 bytes was kept"),
        ([b"a", b"\xff" * 5_000], "a: only the beginning of its 5000 bytes was kept"),
        ([b"a", b"\xff"], "a: is not valid UTF-8"),
        ([b"a", b"\x00\xff"], "a: is not valid UTF-8"),
    ],
)
def test_a_field_that_is_not_whole_is_asked_for_and_then_given(entry, reason):
    assert refusal(entry) == reason
    assert read_back(entry, {"a": "1"}) == {"a": "1"}
    assert read_back(entry, {"a": None}) == {}


def test_all_fields_that_are_not_whole_are_named():
    assert refusal([b"a", b"\xff", b"b", b"x" * 5_000]).count(";") == 1


def test_an_entry_of_too_many_fields_must_be_given_again_in_what_matters():
    entry = [*many(5_000), *words()]
    given = {name: wire()[name] for name in REQUIRED_FIELDS}

    assert "correct symbol, source, seq, ts" in refusal(entry)
    assert "correct symbol, source, seq, ts" in refusal(entry, {**given, "seq": None})
    assert read_back(entry, given)["symbol"] == "ES"


def test_of_two_values_of_one_name_the_last_counts():
    assert read_back([b"a", b"1", b"a", b"2"]) == {"a": "2"}


def test_a_field_whose_name_is_no_text_must_be_taken_away():
    assert refusal([b"\xff", b"1"]) == "\\xff: its name is not valid UTF-8"
    assert read_back([b"\xff", b"1"], {"\\xff": None}) == {}


def test_text_with_nul_is_read_back():
    assert read_back([b"a", b"E\x00S"]) == {"a": "E\x00S"}


def test_every_kind_of_poison_that_was_cut_is_marked():
    cut = {name for name, entry in POISON.items() if readable_fields(entry)[1]}

    assert cut == {
        "price of a megabyte",
        "foreign field of a megabyte",
        "5,000 foreign fields",
        "5,000 fields after a good quote",
    }
