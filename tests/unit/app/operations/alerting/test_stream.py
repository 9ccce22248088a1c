from datetime import timedelta

import pytest

from app.operations.alerting.stream import lagging


@pytest.mark.parametrize(("waits_s", "severity"), [(31, "warning"), (120, "warning"), (121, "critical")])
def test_a_lag_is_grave_once_it_has_lasted_two_minutes(waits_s: float, severity: str) -> None:
    told = lagging(timedelta(seconds=waits_s), 1_204)

    assert told.severity == severity
    assert f"1,204 quotes are not stored, the oldest for {waits_s} s" in told.detail
