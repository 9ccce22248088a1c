import pytest

from tests.faults.scenarios.two_hosts import TWO_HOSTS
from tests.machines import why_no_machines

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(bool(why_no_machines()), reason=why_no_machines())]


def test_an_ingestor_of_another_host_stores_what_a_host_had_in_hand_that_is_gone(play):
    outcome = play(TWO_HOSTS)

    assert outcome.wrong == []
    assert outcome.figures["acked"] == outcome.figures["stored"] == 20_000
