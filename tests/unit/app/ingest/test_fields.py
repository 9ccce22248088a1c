import pytest

from app.errors import Rejected
from app.ingest.fields import MOST_BYTES, MOST_FIELDS, name_text, text_fields


def test_words_become_names_and_values():
    assert text_fields([b"symbol", b"ES", b"note", "naïve".encode()]) == {"symbol": "ES", "note": "naïve"}


def test_of_two_values_of_one_name_the_last_counts():
    assert text_fields([b"last", b"1", b"last", b"2"]) == {"last": "2"}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([b"symbol", b"ES", b"last", b"\xff"], "last: is not valid UTF-8"),
        ([b"symbol", b"ES", b"\xff\n", b"1"], r"\xff\n: is not valid UTF-8"),
        ([b"symbol", b"ES", b"note", b"x" * MOST_BYTES], f"note: {MOST_BYTES + 4} bytes are too many"),
        ([b"%d" % number for number in range(2 * MOST_FIELDS + 2)], f"an entry of {MOST_FIELDS + 1} fields"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(words, reason):
    with pytest.raises(Rejected) as refused:
        text_fields(words)

    assert str(refused.value).startswith(reason)


def test_as_much_as_is_allowed_is_read():
    words = [part for number in range(MOST_FIELDS) for part in (b"%3d" % number, b"x" * (MOST_BYTES // 100 - 3))]

    assert len(text_fields(words)) == MOST_FIELDS


def test_a_name_in_a_line_is_short_and_printable():
    assert name_text(b"a\x00\x1b[31m\xfe") == r"a\x00\x1b[31m\xfe"
    assert len(name_text(b"x" * 1000)) == 40
