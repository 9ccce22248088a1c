import pytest

from app.reports.wording import exact, rounded, title_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1234567, "1,234,567"), (0.0, "0"), (6012.25, "6,012.25"), (1.08345, "1.08345"),
        (-37.63, "-37.63"), (0.123456789, "0.123457"), (2e-7, "2e-07"), (123456.0, "123,456"), (True, "yes"),
        (None, "–"), ("calm", "calm"), (1e20, "1e+20"),
    ],
)  # fmt: skip
def test_a_number_is_rounded_for_reading(value, text):
    assert rounded(value) == text


def test_the_exact_number_is_the_one_of_json():
    assert [exact(value) for value in (0.1, 3, True, None, "x")] == ["0.1", "3", "true", "null", "x"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("brier_skill", "Brier skill"),
        ("ES", "ES"),
        ("5m", "5m"),
        ("rsi_14", "RSI 14"),
        ("realised", "Realised"),
        ("_", "_"),
    ],
)
def test_a_key_is_a_heading(name, title):
    assert title_of(name) == title
