import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.cursors import BarCursor, TickCursor, _check, read_cursor, read_key, write_cursor, write_key
from app.errors import Rejected
from app.quotes import SOURCES

MICROS = st.integers(946_684_800_000_000, 7_258_118_400_000_000 - 1)
CURSORS = st.builds(
    TickCursor,
    symbol=st.sampled_from(["ES", "6E"]),
    source=st.none() | st.sampled_from(SOURCES),
    start_us=MICROS,
    end_us=MICROS,
    ts_us=MICROS,
    seq=st.integers(0, 2**63 - 1),
    last_source=st.sampled_from(SOURCES),
)
ONE = TickCursor(symbol="ES", source=None, start_us=10**15, end_us=10**15, ts_us=10**15, seq=7, last_source="EXCEL")


@given(CURSORS)
def test_a_cursor_is_read_as_it_was_written(cursor):
    word = write_cursor(cursor)

    assert read_cursor(word, TickCursor) == cursor
    assert word.replace("-", "").replace("_", "").isalnum()


@given(CURSORS, st.data())
def test_a_cursor_with_any_letter_changed_is_refused(cursor, data):
    word = write_cursor(cursor)
    at = data.draw(st.integers(0, len(word) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_=+/ "))
    changed = word[:at] + other + word[at + 1 :]

    if changed != word:
        with pytest.raises(Rejected, match="unchanged"):
            read_cursor(changed, TickCursor)


@pytest.mark.parametrize("word", ["", "A", "AAAA", "é", "\0", "A" * 10_000, write_cursor(ONE)[:-4]])
def test_a_word_that_is_no_cursor_is_refused(word):
    with pytest.raises(Rejected):
        read_cursor(word, TickCursor)


def test_a_cursor_is_good_for_one_kind_of_answer():
    with pytest.raises(Rejected):
        read_cursor(write_cursor(ONE), BarCursor)


@pytest.mark.parametrize("part", [{"ts_us": 10**30}, {"seq": -1}, {"last_source": "x"}, {"more": 1}, {"seq": "7"}])
def test_a_cursor_that_was_made_up_with_the_right_check_is_refused_too(part):
    body = json.dumps(json.loads(ONE.model_dump_json()) | part, separators=(",", ":")).encode()
    honest = base64.urlsafe_b64decode(write_cursor(ONE) + "==")
    assert honest[9:] == ONE.model_dump_json().encode()
    with pytest.raises(Rejected):
        read_cursor(base64.urlsafe_b64encode(_check(body) + body).decode().rstrip("="), TickCursor)


@given(st.lists(st.text(st.characters(exclude_characters="|", exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_a_key_is_read_as_it_was_written(parts):
    assert read_key(write_key(*parts), len(parts)) == parts


@pytest.mark.parametrize("text", ["", "=", "A", "RVM=", "RVM", "\u00e9", "RVN8Mg"])
def test_a_word_that_no_page_gave_is_no_key(text):
    with pytest.raises(Rejected, match="no cursor"):
        read_key(text, 3)
