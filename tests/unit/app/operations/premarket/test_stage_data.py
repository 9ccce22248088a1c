from datetime import UTC, datetime, timedelta

import pytest

from app.operations.premarket.stage_data import time_limit

BEGINS = datetime(2025, 10, 10, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(("lasts_min", "may_take_min"), [(60, 50), (15, 5), (12, 4), (6, 2), (0, 10), (-9, 10)])
def test_what_can_be_done_without_leaves_time_for_the_analyses(lasts_min: int, may_take_min: int) -> None:
    deadline = BEGINS + timedelta(minutes=lasts_min)

    assert time_limit(BEGINS, deadline) == BEGINS + timedelta(minutes=may_take_min)
