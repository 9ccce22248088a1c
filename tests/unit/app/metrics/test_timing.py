import pytest

from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.metrics.families import EXPORT_DURATION
from app.metrics.timing import timed
from tests.counting import scraped

COUNT = "thor_export_duration_seconds_count"


def test_work_that_is_done_is_counted_as_done():
    with timed(EXPORT_DURATION):
        pass

    assert scraped()[COUNT, ("done",)] == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Rejected("no"), "refused"),
        (NotFound("no"), "refused"),
        (Conflict("no"), "refused"),
        (Unavailable("no"), "unavailable"),
        (ValueError("no"), "failed"),
        (SystemExit(), "failed"),
    ],
)
def test_work_that_is_not_is_counted_by_its_error_which_goes_on(error, outcome):
    with pytest.raises(type(error)), timed(EXPORT_DURATION):
        raise error

    assert {labels for name, labels in scraped() if name == COUNT} == {(outcome,)}
