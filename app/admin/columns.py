"""What the columns of the admin are called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.reports.wording import title_of

_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acknowledged_by": "Seen to by",
        "actor": "Who",
        "alert_id": "Alert",
        "asof": "As of",
        "at": "When",
        "base_price": "Price then",
        "cancel_asked_at": "Cancel asked",
        "clear_since": "Not found since",
        "closes_at": "Closes",
        "completed_at": "Completed",
        "created_at": "Made",
        "data_hash": "Hash of the data",
        "deadline_at": "Due",
        "end_date": "Last day",
        "entity": "Table",
        "finished_at": "Finished",
        "first_ts": "First tick",
        "gated": "Held back",
        "heartbeat_at": "Last sign of life",
        "id": "No.",
        "key": "Row",
        "late_s": "Late by (s)",
        "last_ts": "Last tick",
        "made_at": "Made",
        "mic": "Exchange",
        "multiplier": "Value of a point",
        "opens_at": "Opens",
        "outcome": "Rose",
        "planned_at": "Begins",
        "p": "Probability of a rise",
        "params_hash": "Hash of the parameters",
        "performance_at": "Judged",
        "reason_code": "Reason",
        "requested_by": "Asked by",
        "resolved_at": "Resolved",
        "raised_at": "Since",
        "retry_of": "Retry of",
        "scope": "Symbol",
        "session_date": "Trading day",
        "start_date": "First day",
        "stream_id": "Stream entry",
        "timeframe": "Look back",
        "tos_symbol": "Thinkorswim symbol",
        "updated_at": "Changed",
        "valid_until": "Good until",
    }
)


def column_title(name: str) -> str:
    """A column as people call it."""
    return _TITLES.get(name) or title_of(name)
