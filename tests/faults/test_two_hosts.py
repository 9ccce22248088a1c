import pytest

from tests.faults.harness.host_collectors import Passed, Published
from tests.faults.scenarios.two_hosts import TWO_HOSTS
from tests.machines import why_no_machines

pytestmark = pytest.mark.timeout(120)


@pytest.mark.skipif(bool(why_no_machines()), reason=why_no_machines())
def test_an_ingestor_of_another_host_stores_what_a_host_had_in_hand_that_is_gone(play):
    outcome = play(TWO_HOSTS)

    assert outcome.wrong == []
    assert outcome.figures["acked"] == outcome.figures["stored"] == 20_000


@pytest.mark.parametrize(
    ("published", "words"),
    [
        (Published(7, 10, 10, 10), []),
        (Published(7, 9, 9, 10), ["holder 7: 1 of 10 quotes are not stored"]),
        (Published(7, 11, 10, 10), ["holder 7: 1 quotes are stored twice"]),
    ],
    ids=["each once", "one is missing", "one is there twice"],
)
def test_the_judge_sees_what_is_missing_and_what_is_there_twice(published, words):
    assert published.wrong() == words


def test_the_judge_sees_a_holder_that_was_fenced_and_published_and_one_that_spooled_nothing():
    assert Passed("host-a", 5, 0, 1.0).wrong() == []
    assert Passed("host-a", 5, 2, 1.0).wrong() == ["2 quotes of a fenced holder were accepted under its number"]
    assert Passed("host-a", 0, 0, 1.0).wrong() == ["the one that was cut off had spooled nothing"]
