import pytest

from tests.faults.mutants import BUGS
from tests.faults.planted import PLANTED

pytestmark = pytest.mark.timeout(300)


# A look at the way itself: the scenario planted-bugs of `make faults` plants all of them.
SOON = ("stale-lease", "group-at-the-end", "no-order")


@pytest.mark.parametrize("planted", [one for one in PLANTED if one.bug in SOON], ids=lambda planted: planted.bug)
def test_a_planted_bug_is_seen(planted, trial):
    assert planted.is_caught(trial)


def test_every_bug_has_its_scenario():
    assert {planted.bug for planted in PLANTED} == set(BUGS)
