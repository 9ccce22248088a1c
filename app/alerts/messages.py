"""What a person is told of an alert: one message, in words and in figures, whatever the channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.alerts.models import Alert, AlertDelivery
from app.alerts.rules import RULES
from app.clock import brief_text


@dataclass(frozen=True)
class Message:
    """One message about an alert; `id` is the same however often it is sent, and no other message has it.

    `event` is raised, escalated, resolved, or test for one that is about no alert; instants are UTC-aware.
    """

    id: str
    event: str
    severity: str
    rule: str
    title: str
    subject: str
    detail: str
    raised_at: datetime
    alert: int | None = None
    resolved_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The message in one line, such as: [Thor CRITICAL] A source brings nothing new: SCHWAB."""
        word = {"resolved": "RESOLVED", "test": "TEST"}.get(self.event, self.severity.upper())
        about = f"{self.title}: {self.subject}" if self.subject else self.title
        return f"[Thor {word}] {about}"

    @property
    def text(self) -> str:
        """The message in a few lines, without an end of line at the end."""
        lines = [self.headline, "", self.detail, "", f"since {brief_text(self.raised_at)}, {self.severity}"]
        if self.resolved_at is not None:
            lines.append(f"over since {brief_text(self.resolved_at)}")
        elif self.alert is not None:
            lines.append(f"say that you see to it: flask alerts --acknowledge={self.alert}")
        return "\n".join(lines)

    def form(self) -> dict[str, Any]:
        """The message as JSON has it; `text` is what chat programs show."""
        return {
            "id": self.id,
            "event": self.event,
            "severity": self.severity,
            "rule": self.rule,
            "title": self.title,
            "subject": self.subject,
            "detail": self.detail,
            "alert": self.alert,
            "raised_at": brief_text(self.raised_at),
            "resolved_at": brief_text(self.resolved_at) if self.resolved_at else None,
            "facts": dict(self.facts),
            "text": self.text,
        }


def message_of(alert: Alert, delivery: AlertDelivery) -> Message:
    """The message that a delivery is to bring, with the alert as it stands now."""
    return Message(
        # The instant tells the alerts of two databases apart that were numbered alike.
        id=f"{alert.id}-{delivery.event}-{delivery.severity}-{alert.raised_at.astimezone(UTC):%Y%m%dT%H%M%S%f}",
        event=delivery.event,
        severity=delivery.severity,
        rule=alert.rule,
        title=RULES[alert.rule].title if alert.rule in RULES else alert.rule,
        subject=alert.subject,
        detail=alert.detail,
        raised_at=alert.raised_at,
        alert=alert.id,
        resolved_at=alert.resolved_at if delivery.event == "resolved" else None,
        facts=alert.facts,
    )


def message_of_test(now: datetime) -> Message:
    """A message that only shows that a channel works."""
    return Message(
        id=f"test-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}",
        event="test",
        severity="info",
        rule="channel_test",
        title="A test of this channel",
        subject="",
        detail="Nothing is wrong: somebody asked for this message with `flask alerts --test`.",
        raised_at=now,
    )
