import pytest

from tests.faults.scenarios.black_holes import BLACK_HOLES
from tests.faults.scenarios.postgres_outage import POSTGRES_OUTAGE
from tests.faults.scenarios.redis_gone import REDIS_GONE
from tests.faults.scenarios.stuck_clients import STUCK_CLIENTS

pytestmark = pytest.mark.timeout(300)


def test_every_link_may_become_a_black_hole_for_a_while(play):
    assert play(BLACK_HOLES).wrong == []


def test_callers_are_told_at_once_that_redis_is_away_and_are_served_when_it_is_back(play):
    assert play(REDIS_GONE).wrong == []


def test_clients_that_take_nothing_are_cut_and_cost_nobody_an_answer(play):
    assert play(STUCK_CLIENTS).wrong == []


def test_ticks_that_came_while_postgres_was_away_are_stored_when_it_is_back(play):
    assert play(POSTGRES_OUTAGE).wrong == []
