import pytest

from tests.nulls.single import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_null_check_stays_within_its_bounds(check):
    observed = check.run(check.quick)

    assert observed.passed, observed.text
