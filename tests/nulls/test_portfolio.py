import pytest

from tests.nulls.portfolio import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_chance_is_told_from_what_is_there(check):
    observed = check.run(check.quick)

    assert observed.passed, observed.text
