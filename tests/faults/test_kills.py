import pytest

from tests.faults.scenarios.collector_kills import COLLECTOR_KILLS
from tests.faults.scenarios.ingestor_freeze import INGESTOR_FREEZE
from tests.faults.scenarios.ingestor_kills import INGESTOR_KILLS
from tests.faults.scenarios.stale_holder import STALE_HOLDER

pytestmark = pytest.mark.timeout(300)


def test_kills_of_ingestors_and_servers_lose_nothing_and_double_nothing(play):
    assert play(INGESTOR_KILLS).wrong == []


def test_entries_of_an_ingestor_that_stands_still_are_stored_by_another_and_once(play):
    assert play(INGESTOR_FREEZE).wrong == []


def test_kills_of_a_collector_and_cut_answers_lose_nothing_and_double_nothing(play):
    assert play(COLLECTOR_KILLS).wrong == []


def test_a_collector_that_lost_its_lease_while_it_stood_still_publishes_nothing_more(play):
    assert play(STALE_HOLDER).wrong == []
