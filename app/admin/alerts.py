"""The admin's tables of alerts: what is or was wrong, who sees to it, and the messages about it."""

from typing import Any, ClassVar

from flask_admin.actions import action
from sqlalchemy.orm import Session

from app.admin.history import hand, note_change, values_of
from app.admin.records import RecordView, do_each
from app.admin.showing import in_words
from app.alerts.store import acknowledge_alert, find_alert, resolve_alert
from app.gate.guard import caller
from app.runtime import runtime


class AlertView(RecordView):
    """Alerts; one is acknowledged, or resolved, on record."""

    entity = "alerts"
    column_list = (
        "id", "severity", "rule", "subject", "detail", "raised_at", "acknowledged_by", "resolved_at", "resolved_by",
    )  # fmt: skip
    column_details_list = (*column_list, "facts", "seen_at", "clear_since", "acknowledged_at", "note")
    column_searchable_list = ("rule", "subject", "detail", "note")
    column_filters = ("severity", "rule", "subject", "raised_at", "acknowledged_at", "resolved_at", "resolved_by")
    column_formatters: ClassVar = {"rule": in_words}
    column_default_sort = ("id", True)

    @action("acknowledge", "Acknowledge", "Say that you see to the chosen alerts?")
    def acknowledge(self, ids: list[str]) -> None:
        """Say that somebody sees to the chosen alerts."""
        do_each(self, ids, self._acknowledge)

    @action("resolve", "Resolve", "End the chosen alerts by hand? What lasts is raised again.")
    def resolve(self, ids: list[str]) -> None:
        """End the chosen alerts by hand."""
        do_each(self, ids, self._resolve)

    def _acknowledge(self, session: Session, told: str) -> str:
        before, now = values_of(find_alert(session, _number(told))), runtime().clock.now()
        alert = acknowledge_alert(session, _number(told), now, by=caller().label)
        self._record(session, "acknowledge", before, alert)
        return f"Alert {alert.id} is acknowledged by {alert.acknowledged_by}"

    def _resolve(self, session: Session, told: str) -> str:
        before, now = values_of(find_alert(session, _number(told))), runtime().clock.now()
        alert = resolve_alert(session, _number(told), now, by=caller().label)
        self._record(session, "resolve", before, alert)
        return f"Alert {alert.id} is over"

    def _record(self, session: Session, what: str, before: dict[str, Any], alert: Any) -> None:
        note_change(session, hand(), self.entity, alert.id, what, before, values_of(alert))


class DeliveryView(RecordView):
    """The messages about alerts, by channel."""

    column_list = (
        "id", "alert_id", "channel", "event", "severity", "due_at", "attempts", "sent_at", "gave_up_at", "dropped",
        "error",
    )  # fmt: skip
    column_details_list = (*column_list, "claimed_until")
    column_searchable_list = ("channel", "dropped", "error")
    column_filters = ("alert_id", "channel", "event", "severity", "due_at", "sent_at", "gave_up_at")
    column_default_sort = ("id", True)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
