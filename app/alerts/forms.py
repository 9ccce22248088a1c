"""Alerts as JSON has them."""

from datetime import datetime
from typing import Any

from app.alerts.models import Alert
from app.alerts.rules import RULES
from app.clock import brief_text


def alert_form(alert: Alert) -> dict[str, Any]:
    """All that is known of an alert; instants in UTC."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "title": RULES[alert.rule].title if alert.rule in RULES else alert.rule,
        "subject": alert.subject,
        "severity": alert.severity,
        "detail": alert.detail,
        "facts": alert.facts,
        "raised_at": brief_text(alert.raised_at),
        "seen_at": brief_text(alert.seen_at),
        "clear_since": _told(alert.clear_since),
        "acknowledged_at": _told(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "note": alert.note,
        "resolved_at": _told(alert.resolved_at),
        "resolved_by": alert.resolved_by,
    }


def _told(at: datetime | None) -> str | None:
    return brief_text(at) if at is not None else None
