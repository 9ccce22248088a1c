import pytest

from app.analysis.inputs import Terms
from app.analysis.prediction.edge import edge_of
from app.analysis.question import Parameters
from tests.nulls.paths import ES
from tests.unit.app.analysis.prediction.made import forecast_of

PARAMETERS = Parameters.model_validate({})


def test_the_cost_is_slippage_and_fees_in_points():
    assert edge_of(forecast_of(), ES, PARAMETERS).cost == pytest.approx(1.5 * 0.25 + 4.5 / 50)
    assert edge_of(forecast_of(), Terms(0.01, 1_000.0), PARAMETERS).cost == pytest.approx(0.015 + 0.0045)


def test_what_is_earned_is_weighed_at_the_lower_bound():
    edge = edge_of(forecast_of(logit=0.6, stderr=0.1, move=10.0), ES, PARAMETERS)

    assert edge.p_low == pytest.approx(0.607186, abs=1e-6)
    assert edge.gross == pytest.approx(2.14372, abs=1e-4)
    assert edge.net == pytest.approx(edge.gross - 0.465)


def test_a_side_is_worth_what_the_other_is():
    up, down = (edge_of(forecast_of(logit=logit), ES, PARAMETERS) for logit in (0.6, -0.6))

    assert (up.side, down.side) == (1, -1)
    assert (up.p_low, up.gross, up.net) == (down.p_low, down.gross, down.net)


def test_an_unsure_probability_earns_less_than_nothing():
    assert edge_of(forecast_of(logit=0.1, stderr=0.2), ES, PARAMETERS).gross < 0


def test_without_terms_the_net_edge_is_not_known():
    edge = edge_of(forecast_of(), None, PARAMETERS)

    assert (edge.cost, edge.net) == (None, None)
