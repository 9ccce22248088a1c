import pytest

from tests.nulls.prediction import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_can_be_predicted_is_found_and_nothing_else(check):
    observed = check.run(check.quick)

    assert observed.passed, observed.text
