import pytest

from tests.faults.scenarios.own_users import Judged

WELL = {
    "published": 780, "stored": 780, "exported": 2, "days": 2, "jobs": ["done", "done"], "by_hand": 0, "denied": [],
    "ended": [0, 0],
}  # fmt: skip


def test_the_judge_is_content_with_services_that_do_their_work():
    assert Judged(**WELL).wrong() == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"stored": 779}, "779 ticks are stored"),
        ({"stored": 781}, "781 ticks are stored"),
        ({"exported": 1}, "1 days are exported"),
        ({"jobs": ["done", "failed"]}, "a job is failed"),
        ({"by_hand": 1}, "by hand ended with 1"),
        ({"denied": ["thor_api: command xadd"]}, "denied: thor_api"),
        ({"ended": [0, -9]}, "ended with -9"),
    ],
)
def test_the_judge_would_see_it(parts, words):
    assert any(words in sentence for sentence in Judged(**(WELL | parts)).wrong())
