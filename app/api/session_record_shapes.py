"""What the endpoint of session records takes and answers, as OpenAPI shows it."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import Instant
from app.api.filters import AnyMarket

VERDICT: Final = (
    "complete: every figure holds and nothing is missing; incomplete: every figure holds, `reasons` tell what is "
    "missing; failed: `reasons` tell which figure does not hold"
)


class SessionRecordQuery(BaseModel):
    """Parameters of GET /api/sessions/{day}; without a market, all that are watched."""

    model_config = ConfigDict(extra="forbid")

    market: AnyMarket | None = None


class EventAnswer(BaseModel):
    """The open or close of a session, and what became of it."""

    event: Literal["open", "close"]
    due_at: Instant
    status: Literal["planned", "started", "done", "late", "skipped"]
    reason: str = Field(description="why it is late or was skipped")
    started_at: Instant | None
    done_at: Instant | None
    late_s: int | None = Field(description="seconds from due_at to done_at")
    detail: dict[str, Any]


class BaselineAnswer(BaseModel):
    """A symbol's last price in the session before; no price to compare one of another contract with."""

    price: str = Field(description="decimal text, exact", examples=["6745.25"])
    ts: Instant
    source: str
    session_date: str = Field(description="trading day")
    contract: str | None = Field(None, description="null: the source did not tell", examples=["ESZ25"])


class SnapshotAnswer(BaseModel):
    """What is known of a session: how it began and, once completed, what came of it."""

    created_at: Instant
    completed_at: Instant | None
    ticks: int
    symbols: int
    first_ts: Instant | None
    last_ts: Instant | None
    by_symbol: dict[str, int] = Field(description="ticks by symbol")
    baseline: dict[str, BaselineAnswer] = Field(description="by symbol, the last price before the session")
    quality: dict[str, Any] = Field(description="of the last look at the data, or of the whole session once completed")


class CertifiedFile(BaseModel):
    """A file of the lake as it was certified."""

    path: str = Field(description="below the lake's folder")
    rows: int
    sha256: str = Field(description="of the file")


class CertificateAnswer(BaseModel):
    """What was proved of a session when it was over."""

    verdict: Literal["complete", "incomplete", "failed"] = Field(description=VERDICT)
    reasons: list[str]
    figures: dict[str, Any] = Field(description="how many ticks there are, and how they are, by name")
    files: list[CertifiedFile]
    made_at: Instant


class SessionRecord(BaseModel):
    """What is recorded of a market's session; its hours are null where the calendar has none."""

    market: str
    session_open: Instant | None
    session_close: Instant | None
    events: list[EventAnswer]
    snapshot: SnapshotAnswer | None
    certificate: CertificateAnswer | None


class SessionRecordsAnswer(BaseModel):
    """The records of a trading day, by market."""

    model_config = ConfigDict(title="SessionRecords")

    session_date: str = Field(description="trading day", examples=["2025-10-09"])
    markets: list[SessionRecord]
