import pytest

from app.admin.forms import JSON_LIMIT, read_json


def test_a_value_of_json_is_read():
    assert read_json('{"horizons": ["1h"], "seed": 1}') == {"horizons": ["1h"], "seed": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("NaN", "NaN is no JSON"),
        ("-Infinity", "no JSON"),
        ("[" * 9_000, "nested too deep"),
        ("1" * (JSON_LIMIT + 1), "longer than"),
        ("1" * 5_000, "not JSON"),
    ],
)
def test_what_is_none_is_refused_in_words(text, words):
    with pytest.raises(ValueError, match=words):
        read_json(text)
