import pytest

from app.api.page_shapes import whole_number
from app.errors import Rejected


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("0007", 7), ("1000", 1000)])
def test_a_number_within_bounds_is_read(text, number):
    assert whole_number(1000)(text) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "1001", "1e2", "1.0", " 5", "٣", "9" * 400])
def test_what_is_no_number_within_bounds_is_refused_with_them(text):
    with pytest.raises(Rejected, match="whole number from 1 to 1000"):
        whole_number(1000)(text)
