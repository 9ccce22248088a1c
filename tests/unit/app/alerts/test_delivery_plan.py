from datetime import UTC, datetime, time

import pytest

from app.alerts.delivery_plan import DeliveryPlan
from app.alerts.quiet_hours import QuietHours

NIGHT = datetime(2026, 1, 15, 23, tzinfo=UTC)
MORNING = datetime(2026, 1, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("least", "told"),
    [("info", ["info", "warning", "critical"]), ("warning", ["warning", "critical"]), ("critical", ["critical"])],
)
def test_what_is_less_grave_than_the_least_is_not_told(least, told):
    plan = DeliveryPlan(least=least)

    assert [severity for severity in ("info", "warning", "critical") if plan.is_told(severity)] == told


def test_in_quiet_hours_only_what_is_critical_goes_at_once():
    plan = DeliveryPlan(quiet=QuietHours(time(22), time(5)))

    assert (plan.due_at("critical", NIGHT), plan.due_at("warning", NIGHT)) == (NIGHT, MORNING)
    assert plan.due_at("warning", MORNING) == MORNING


def test_without_quiet_hours_everything_goes_at_once():
    assert DeliveryPlan().due_at("info", NIGHT) == NIGHT
