import pytest

from app.api.job_progress import event_id, progress_events
from app.jobs.models import AnalysisJob
from tests.analyses import NOW

BEGUN = {"id": 7, "attempt": 1, "progress": 0.25, "stage": "Prices", "status": "running", "cancel_asked_at": None}


@pytest.mark.parametrize(
    "news",
    [{"attempt": 2}, {"progress": 0.5}, {"stage": "Volatility"}, {"status": "done"}, {"cancel_asked_at": NOW}],
)
def test_whatever_clients_see_makes_another_event(news):
    assert event_id(job(**news)) != event_id(job())


def test_a_sign_of_life_alone_is_no_event():
    assert event_id(job(heartbeat_at=NOW)) == event_id(job())


def test_nothing_is_to_come_for_who_knows_the_end():
    over = job(status="failed")

    assert progress_events(None, over, event_id(over), 1.0) is None
    assert progress_events(None, over, event_id(job()), 1.0) is not None


def job(**parts):
    return AnalysisJob(**(BEGUN | parts))
