"""What the endpoint of certificates takes and answers, as OpenAPI shows it."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import Instant
from app.api.filters import AnyMarket, Day, DayRange, LastDay
from app.api.session_record_shapes import VERDICT
from app.api.session_shapes import DayText, WholeInstant
from app.operations.certificate_days import DAYS_BACK, DAYS_LIMIT


class CertificatesQuery(DayRange):
    """Parameters of GET /api/certificates; `start` and `end` are both included."""

    market: AnyMarket | None = None
    start: Day | None = Field(None, description=f"unset: {DAYS_BACK} days before the end; at most {DAYS_LIMIT} days")
    end: LastDay | None = Field(None, description="included; unset: the desk's present day")


class CertificateDay(BaseModel):
    """A past session of a market, and what was proved of it."""

    session_date: DayText = Field(description="trading day")
    market: str = Field(examples=["CME_Futures"])
    session_close: WholeInstant | None = Field(description="null: the calendar has no session on that day any more")
    verdict: Literal["complete", "incomplete", "failed"] | None = Field(
        description=f"{VERDICT}; null: there is no certificate"
    )
    reasons: list[str]
    made_at: Instant | None
    overdue: bool = Field(description="no certificate, and its close should have been seen to 15 minutes ago")
    close_status: Literal["planned", "started", "done", "late", "skipped"] | None = Field(
        description="what became of its close; null: it was never planned"
    )
    close_reason: str = Field(description="why the close is late or was skipped, may be empty")


class CertificatesAnswer(BaseModel):
    """The past sessions of some days, newest first, the desk's market before others."""

    model_config = ConfigDict(title="Certificates")

    start: DayText
    end: DayText
    certificates: list[CertificateDay]


CERTIFICATES_EXAMPLE: Final[dict[str, Any]] = {
    "start": "2025-10-09",
    "end": "2025-10-10",
    "certificates": [
        {
            "session_date": "2025-10-09",
            "market": "CME_Futures",
            "session_close": "2025-10-09T21:00:00Z",
            "verdict": "incomplete",
            "reasons": ["no feed was alive in 12 of 1,380 minutes"],
            "made_at": "2025-10-09T21:02:04.120000Z",
            "overdue": False,
            "close_status": "done",
            "close_reason": "",
        }
    ],
}
