import pytest

from tests.nulls.ladder import momentum

pytestmark = pytest.mark.timeout(300)


def test_the_whole_desk_finds_momentum_on_its_first_morning():
    observed = momentum(1)

    assert observed.passed, observed.text
