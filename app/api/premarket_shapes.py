"""What the endpoints of the ladders before the open take and answer, as OpenAPI shows it."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant
from app.api.filters import MarketName
from app.api.page_shapes import LIMIT, Limit, NextCursor
from app.api.query import naming_field
from app.clock import parse_day
from app.errors import Rejected

FROM_HEADER: Final = "X-Thor-From"
LATEST: Final = "latest"
_VERDICT: Final = (
    "READY: made in time, and nothing was amiss; DEGRADED: made in time, and the reasons tell what to mind; LATE: not "
    "made by its deadline, or only after that; MISSING: not there at the open; null: it cannot be told yet"
)


def _read_cursor(text: str) -> date:
    try:
        return parse_day(text)
    except Rejected:
        raise Rejected(f"{text[:20]!r} is no cursor: give the next_cursor of the page before") from None


Form = Literal["json", "html", "csv"]
Cursor = Annotated[
    date,
    naming_field(_read_cursor),
    WithJsonSchema({"type": "string", "description": "next_cursor of the page before, unchanged"}),
]


class LadderQuery(BaseModel):
    """Parameters of GET /api/premarket/latest and of a day."""

    model_config = ConfigDict(extra="forbid")

    market: MarketName | None = None


class LaddersQuery(BaseModel):
    """Parameters of GET /api/premarket."""

    model_config = ConfigDict(extra="forbid")

    market: MarketName | None = None
    limit: Limit = LIMIT
    cursor: Cursor | None = None


class ReportQuery(BaseModel):
    """Parameters of GET /api/premarket/{day}/report."""

    model_config = ConfigDict(extra="forbid")

    market: MarketName | None = None
    format: Form | None = Field(None, description="unset: what Accept asks for")


class StageAnswer(BaseModel):
    """A stage of a ladder, and what became of it."""

    stage: Literal["comprehensive", "patterns", "predictions", "composite", "report", "verify"]
    status: Literal["planned", "started", "done", "late", "failed", "skipped"]
    verdict: Literal["ok", "degraded", "failed", "skipped"] | None = Field(description="null until it has ended")
    planned_at: Instant
    deadline_at: Instant
    asof: Instant | None = Field(description="nothing later was known to the stage")
    started_at: Instant | None
    done_at: Instant | None
    late_s: int | None = Field(description="seconds from deadline_at to done_at")
    reasons: list[str]
    jobs: dict[str, int] = Field(description="its analyses by symbol, * for one of several", examples=[{"ES": 12}])


class LadderAnswer(BaseModel):
    """What leads up to the open of a trading day, and what it came to."""

    model_config = ConfigDict(title="PremarketLadder")

    market: str = Field(examples=["CME_Futures"])
    session_date: str = Field(description="trading day", examples=["2026-11-27"])
    phase: Literal["waiting", "climbing", "over"]
    verdict: Literal["READY", "DEGRADED", "LATE", "MISSING"] | None = Field(description=_VERDICT)
    reasons: list[str] = Field(description="what hurts most comes first")
    opens_at: Instant
    seconds_to_open: int = Field(description="rounded up; negative once the market has opened")
    asof: Instant | None = Field(description="the report knows nothing later")
    made_at: Instant | None = Field(description="when the report was made; null: there is none")
    verified_at: Instant | None = Field(description="when the cache was found to hold the report at the open")
    job_id: int | None = Field(description="the analysis that the report rests on")
    sha256: str | None = Field(description="of the report as JSON")
    stages: list[StageAnswer]


class LaddersAnswer(BaseModel):
    """The ladders of a market, the latest day first."""

    model_config = ConfigDict(title="PremarketLadders")

    market: str
    ladders: list[LadderAnswer]
    next_cursor: NextCursor


class PremarketReportAnswer(BaseModel):
    """The report before the open.

    Every figure is an object with value, n, status, method, window and asof, as the analysis has it. The verdict is not
    part of it: it may change until the open, and the ladder of the day tells it.
    """

    model_config = ConfigDict(title="PremarketReport")

    version: int = Field(description="of this form")
    market: str
    session_date: str = Field(description="trading day")
    opens_at: Instant
    made_at: Instant
    asof: Instant
    rests_on: str = Field(description="the stage whose analysis it rests on")
    job_id: int | None = Field(description="of the analysis")
    symbols: list[str]
    signals: dict[str, Any] = Field(description="by symbol, with its score out of sample or why there is none")
    risk: dict[str, Any] = Field(description="`symbols`: what each may lose, and its size; `positions`: all together")
    outlook: dict[str, Any] = Field(description="by symbol: regime, volatility, trend")
    correlation: dict[str, Any] = Field(description="of the symbols with each other")
    expected_ranges: dict[str, Any] = Field(description="by symbol and horizon: where the price is to be expected")
    performance: dict[str, Any] = Field(description="by symbol and horizon: how earlier predictions did")
    data: dict[str, Any] = Field(description="by symbol: what was read, and how good it is")
    left_out: dict[str, str] = Field(description="symbols that were not analysed, and why")
    stages: list[StageAnswer] = Field(description="as they were when the report was made")
