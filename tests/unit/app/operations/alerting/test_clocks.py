from datetime import timedelta

import pytest

from app.operations.alerting.clocks import measure_skew, skewed
from tests.factories import MOMENT
from tests.fakes import FixedClock

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("skew_s", "severity"),
    [(2, None), (2.001, "warning"), (-2, None), (-2.5, "warning"), (30, "warning"), (-31, "critical")],
)
def test_a_clock_is_wrong_from_two_seconds_on_and_gravely_from_thirty(skew_s: float, severity: str | None) -> None:
    assert [one.severity for one in skewed({"Redis": skew_s * SECOND})] == ([severity] if severity else [])


def test_the_line_tells_which_way_and_how_far() -> None:
    [ahead, behind] = skewed({"Redis": 3 * SECOND, "PostgreSQL": -40 * SECOND})

    assert (ahead.subject, behind.subject) == ("Redis", "PostgreSQL")
    assert "3.0 s ahead of this machine's" in ahead.detail
    assert "40.0 s behind this machine's" in behind.detail


@pytest.mark.parametrize(("theirs_s", "skew_s"), [(0, 0), (5, 0), (10, 0), (13, 3), (-4, -4)])
def test_a_slow_answer_is_no_difference(theirs_s: float, skew_s: float) -> None:
    clock = FixedClock(MOMENT)

    def ask():
        clock.advance(10 * SECOND)
        return MOMENT + theirs_s * SECOND

    assert measure_skew(clock, ask) == skew_s * SECOND
