import pytest

from tests.faults.scenarios.ladder_kills import LADDER_KILLS

pytestmark = pytest.mark.timeout(400)


def test_workers_that_are_killed_cost_no_stage_and_double_none(play):
    outcome = play(LADDER_KILLS)

    assert outcome.wrong == []
    assert outcome.figures["kills"] == 2
