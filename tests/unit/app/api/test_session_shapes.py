import pytest
from pydantic import ValidationError

from app.api.session_shapes import SessionQuery, SessionsQuery, read_market
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


@pytest.mark.parametrize("model", [SessionQuery, SessionsQuery])
def test_a_parameter_that_is_not_known_is_refused(model):
    with pytest.raises(ValidationError, match="symbol\n"):
        model.model_validate({"symbol": "ES"})
