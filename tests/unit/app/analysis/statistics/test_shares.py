import pytest
from statsmodels.stats.proportion import proportion_confint

from app.analysis.statistics.shares import wilson


@pytest.mark.parametrize(("hits", "n"), [(0, 30), (17, 31), (30, 30), (550, 1_000)])
def test_the_interval_of_a_share_is_wilsons(hits, n):
    assert wilson(hits, n) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)
