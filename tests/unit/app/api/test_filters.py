from datetime import date

import pytest
from pydantic import ValidationError

from app.api.filters import DayRange, read_day, read_market, read_symbol
from app.api.query import WrongField
from app.errors import Rejected
from app.market.markets import PROFILES


@pytest.mark.parametrize("name", PROFILES)
def test_every_market_is_known_by_its_name(name):
    assert read_market(name) == name


@pytest.mark.parametrize("name", ["", "us_equity", "US_Equity ", "CMEGLOBEX_EQUITY", "×" * 500])
def test_another_name_is_refused_with_the_known_ones(name):
    with pytest.raises(Rejected, match="known are CME_Futures") as refused:
        read_market(name)

    assert len(str(refused.value)) < 250


def test_a_symbol_is_read_in_upper_case():
    assert read_symbol("es") == "ES"
    with pytest.raises(Rejected):
        read_symbol("ß")


def test_a_day_of_a_path_is_named_where_it_is_wrong():
    assert read_day("2025-10-09") == date(2025, 10, 9)
    with pytest.raises(WrongField) as wrong:
        read_day("now")

    assert (wrong.value.place, wrong.value.field) == ("path", "day")


@pytest.mark.parametrize(("start", "end"), [("2025-10-09", "2025-10-09"), (None, "2025-10-09"), ("2025-10-09", None)])
def test_a_range_may_be_a_day_or_open(start, end):
    assert DayRange.model_validate({"start": start, "end": end}).model_dump(mode="json") == {"start": start, "end": end}


def test_a_range_that_ends_before_it_begins_is_the_fault_of_its_end():
    with pytest.raises(ValidationError, match="exchange them") as wrong:
        DayRange.model_validate({"start": "2025-10-10", "end": "2025-10-09"})

    assert [error["loc"] for error in wrong.value.errors()] == [("end",)]
