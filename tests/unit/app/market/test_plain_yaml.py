import pytest

from app.errors import Rejected
from app.market.plain_yaml import load_plain


def test_every_value_is_text_as_it_is_written() -> None:
    assert load_plain("{a: 12:15, b: 2027-02-30, c: yes, d: 0o17, e: null, f: [1.50, ~]}") == {
        "a": "12:15",
        "b": "2027-02-30",
        "c": "yes",
        "d": "0o17",
        "e": "null",
        "f": ["1.50", "~"],
    }


def test_comments_alone_are_nothing() -> None:
    assert load_plain("# a comment\n") is None


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40))]

    with pytest.raises(Rejected, match=r"line 2: .*aliases"):
        load_plain("\n".join(lines))


def test_a_key_that_is_told_twice_is_refused_wherever_it_is() -> None:
    assert load_plain("[{a: 1}, {a: 2}]") == [{"a": "1"}, {"a": "2"}]
    with pytest.raises(Rejected, match="line 3: 'b' is told twice"):
        load_plain("a:\n  b: 1\n  b: 2\n")


@pytest.mark.parametrize("text", ["a: [", "a: 'x", "\ta: b", "%YAML 9\n---", "a: b\n---\na: c", "\ud800", "&"])
def test_what_is_no_single_document_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        load_plain(text)

    assert str(caught.value).isprintable()
