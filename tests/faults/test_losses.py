import pytest

from tests.faults.scenarios.damaged_purge import DAMAGED_PURGE
from tests.faults.scenarios.external_trim import EXTERNAL_TRIM
from tests.faults.scenarios.group_loss import GROUP_LOSS
from tests.faults.scenarios.poison import POISONED

pytestmark = pytest.mark.timeout(300)


def test_what_somebody_trimmed_away_is_counted_exactly(play):
    assert play(EXTERNAL_TRIM).wrong == []


def test_a_destroyed_group_costs_nothing_and_a_flush_is_counted_exactly(play):
    assert play(GROUP_LOSS).wrong == []


def test_bad_entries_are_put_aside_once_and_their_neighbours_are_stored(play):
    assert play(POISONED).wrong == []


def test_a_day_whose_file_is_damaged_stays_in_postgres(play):
    assert play(DAMAGED_PURGE).wrong == []
