import pytest

from tests.faults.scenarios.black_holes import BLACK_HOLES
from tests.faults.scenarios.postgres_outage import POSTGRES_OUTAGE

pytestmark = pytest.mark.timeout(300)


def test_every_link_may_become_a_black_hole_for_a_while(play):
    assert play(BLACK_HOLES).wrong == []


def test_ticks_that_came_while_postgres_was_away_are_stored_when_it_is_back(play):
    assert play(POSTGRES_OUTAGE).wrong == []
