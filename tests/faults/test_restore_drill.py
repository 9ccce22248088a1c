import pytest

from tests.faults.scenarios.restore_drill import RESTORE_DRILL


@pytest.mark.timeout(240)
def test_a_backup_made_at_work_or_at_rest_comes_back_to_the_last_row_and_byte(play):
    outcome = play(RESTORE_DRILL)

    assert outcome.wrong == []
    assert outcome.figures["different rows"] == outcome.figures["missing"] == outcome.figures["doubled"] == 0
