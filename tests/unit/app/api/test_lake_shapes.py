import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.api.lake_shapes import LakeQuery, cursor_of
from app.lake.layout import TIMEFRAMES
from app.operations.lake_catalog import KINDS
from tests.factories import DAY

SYMBOLS = st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,15}", fullmatch=True)
KEYS = st.tuples(st.dates(), SYMBOLS, st.sampled_from(KINDS), st.sampled_from(["", *TIMEFRAMES]))


@given(KEYS)
def test_a_cursor_says_where_to_go_on(key):
    assert LakeQuery(cursor=cursor_of(key)).cursor == key


@given(st.text(max_size=40))
def test_a_cursor_of_anybody_else_is_refused(text):
    with pytest.raises(ValidationError):
        LakeQuery(cursor=text)


@pytest.mark.parametrize("change", [lambda text: text + "=", lambda text: text + "A", lambda text: text[1:], str.lower])
def test_a_changed_cursor_is_refused(change):
    with pytest.raises(ValidationError):
        LakeQuery(cursor=change(cursor_of((DAY, "ES", "ticks", ""))))
