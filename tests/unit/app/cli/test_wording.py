import pytest

from app.cli.wording import counted, span_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (19_845, "5 h 30 min"),
        (86_400, "1 d"),
        (180_000, "2 d 2 h"),
    ],
)
def test_a_span_is_told_in_its_two_greatest_units(seconds: int, text: str) -> None:
    assert span_text(seconds) == text


def test_more_than_one_is_a_plural() -> None:
    assert (counted(1, "line"), counted(2000, "line")) == ("1 line", "2,000 lines")
