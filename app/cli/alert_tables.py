"""Alerts as tables of the command line."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from app.alerts.models import Alert
from app.cli.console import console
from app.cli.letter_tables import plain
from app.cli.wording import span_text


def print_alerts(alerts: Sequence[Alert], now: datetime) -> None:
    """A line for each alert."""
    if not alerts:
        console.print("No alerts")
        return
    table = Table("id", "severity", "rule", "subject", "for", "state", "detail")
    for alert in alerts:
        lasted_s = int(((alert.resolved_at or now) - alert.raised_at).total_seconds())
        cells = (str(alert.id), alert.severity, alert.rule, alert.subject, span_text(max(lasted_s, 0)), _state(alert))
        table.add_row(*(Text(plain(cell)) for cell in (*cells, alert.detail)))
    console.print(table)


def _state(alert: Alert) -> str:
    if alert.resolved_at is not None:
        return f"over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC ({alert.resolved_by})"
    return f"seen to by {alert.acknowledged_by}" if alert.acknowledged_at else "open"
