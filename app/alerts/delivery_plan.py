"""To whom alerts are told: the channels, from which severity on, and when not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, cast

from sqlalchemy.orm import Session

from app.alerts.quiet_hours import QuietHours
from app.alerts.rules import SEVERITIES, Severity

# Where a database session carries its plan: whoever raises an alert knows neither channels nor settings.
PLAN: Final = "alert_delivery_plan"


@dataclass(frozen=True)
class DeliveryPlan:
    """The names of the channels that are set up, the least severity that is sent, and the quiet hours of a zone."""

    channels: Sequence[str] = ()
    least: Severity = "warning"
    quiet: QuietHours | None = None
    zone: tzinfo = UTC

    def is_told(self, severity: str) -> bool:
        """Whether what is so grave is sent at all."""
        return rank(severity) >= rank(self.least)

    def due_at(self, severity: str, at: datetime) -> datetime:
        """When a message is due that could be sent at `at`: what is not critical waits for the end of quiet hours."""
        if severity == "critical" or self.quiet is None:
            return at
        return self.quiet.over_at(at, self.zone) or at


def plan_of(session: Session) -> DeliveryPlan:
    """The plan that a session was made with; one without channels where it has none."""
    return cast(DeliveryPlan, session.info.get(PLAN, DeliveryPlan()))


def rank(severity: str) -> int:
    """Severities as numbers, the gravest the greatest."""
    return SEVERITIES.index(cast(Severity, severity))
