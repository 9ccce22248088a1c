"""What the endpoints of alerts take and answer, as OpenAPI shows it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.alerts.rules import RULES
from app.api.page_shapes import LIMIT, IdCursor, Limit, NextCursor
from app.api.query import naming_field
from app.errors import Rejected

NOTE_LIMIT: Final = 500
# The years up to 2199, which any datetime can hold.
_EVENT_ID: Final = re.compile(r"[0-9]{1,13}")
_LAST_MS: Final = 7_258_118_400_000


def read_event_id(text: str | None) -> datetime | None:
    """The instant that the id of an event names, None without one; Rejected when it is malformed."""
    if not text:
        return None
    if not _EVENT_ID.fullmatch(text) or int(text) >= _LAST_MS:
        raise Rejected("the last event id is malformed: send back the id of an event, such as 1760023800000, or none")
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _read_rule(text: str) -> str:
    if text not in RULES:
        raise Rejected(f"there is no rule {text[:40]!r}: known are {', '.join(RULES)}")
    return text


Instant = Annotated[
    str, Field(description="UTC, a fraction only where there is one", examples=["2025-10-09T15:30:00Z"])
]
Severity = Literal["info", "warning", "critical"]
RuleName = Annotated[
    str, naming_field(_read_rule), WithJsonSchema({"type": "string", "enum": list(RULES), "description": "unset: all"})
]


class AlertsQuery(BaseModel):
    """Parameters of GET /api/alerts."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["unresolved", "all"] = "unresolved"
    rule: RuleName | None = None
    severity: Severity | None = None
    limit: Limit = LIMIT
    cursor: IdCursor | None = None


class AlertOrderBody(BaseModel):
    """Who does it, and a note for others; both may be left out: {}."""

    model_config = ConfigDict(extra="forbid", title="AlertOrder")

    by: str | None = Field(
        None, min_length=1, max_length=64, pattern=r"\S", description="who does; else the caller", examples=["maria"]
    )
    note: str = Field("", max_length=NOTE_LIMIT, examples=["the broker has been called"])


class AlertAnswer(BaseModel):
    """Something that is or was wrong; of a rule and a subject together at most one is unresolved."""

    model_config = ConfigDict(title="Alert")

    id: int
    rule: str = Field(description="the rule's name", examples=["source_silent"])
    title: str = Field(description="what the rule says", examples=["A source brings nothing new"])
    subject: str = Field(description="what it is about, may be empty", examples=["SCHWAB"])
    severity: Severity = Field(description="the gravest that it was")
    detail: str = Field(description="a line for a person that says what to do")
    facts: dict[str, Any] = Field(description="the figures behind it", examples=[{"silence_s": 131.0}])
    raised_at: Instant
    seen_at: Instant = Field(description="when it was last found so")
    clear_since: Instant | None = Field(description="since when it is not found so; null: it lasts")
    acknowledged_at: Instant | None
    acknowledged_by: str = Field(description="empty: nobody sees to it")
    note: str
    resolved_at: Instant | None
    resolved_by: str = Field(description="`rule` where it was found over; empty while it lasts", examples=["rule"])


class AlertsAnswer(BaseModel):
    """Alerts, the latest raised first."""

    model_config = ConfigDict(title="Alerts")

    alerts: list[AlertAnswer]
    next_cursor: NextCursor


class DeliveryAnswer(BaseModel):
    """One message about an alert through one channel."""

    model_config = ConfigDict(title="AlertDelivery")

    id: int
    channel: str = Field(examples=["mail"])
    event: Literal["raised", "escalated", "resolved"]
    severity: Severity
    due_at: Instant
    attempts: int
    sent_at: Instant | None
    gave_up_at: Instant | None
    dropped: str = Field(description="why nobody has to hear it any more")
    error: str = Field(description="the last failure, without secrets")


class AlertWholeAnswer(AlertAnswer):
    """An alert with the messages about it."""

    model_config = ConfigDict(title="AlertWhole")

    deliveries: list[DeliveryAnswer]
