import pytest

from tests.faults.scenarios.job_kills import JOB_KILLS, Ended

pytestmark = pytest.mark.timeout(300)


def test_jobs_whose_workers_are_killed_are_done_once_or_have_failed_with_a_reason(play):
    outcome = play(JOB_KILLS)

    assert outcome.wrong == []
    assert outcome.figures["of a job at work"] >= 3


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"status": "running"}, "never ended"),
        ({"rows": {"results": 4, "signals": 1, "predictions": 1}}, "is done and has"),
        ({"rows": {"results": 0, "signals": 0, "predictions": 0}}, "is done and has"),
        ({"status": "failed", "error": "the worker that ran it was lost twice"}, "is failed and has"),
        ({"status": "failed", "error": "an error of Thor's own (IntegrityError)"}, "failed by a fault"),
    ],
)
def test_the_judge_would_see_it(parts, words):
    rows = {"results": 2, "signals": 1, "predictions": 1}
    known = {"number": 7, "status": "done", "error": "", "attempt": 1, "rows": rows}

    assert any(words in sentence for sentence in Ended(**(known | parts)).wrong())
