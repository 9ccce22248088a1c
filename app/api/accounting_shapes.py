"""What the endpoints of the ledger take and answer, as OpenAPI shows it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import Instant
from app.api.filters import Day, SourceName, Symbol
from app.api.page_shapes import LIMIT, IdCursor, Limit, NextCursor
from app.ledger.balance import Verdict
from app.ledger.gaps import GapFilter, GapKind, GapState
from app.ledger.totals import LossFilter, LossKind

IN_FLIGHT = Field(description="on the way, or not yet found lost; negative: entries that Thor did not publish")


class AccountQuery(BaseModel):
    """Parameters of GET /api/accounting; without a day, the running one."""

    model_config = ConfigDict(extra="forbid")

    day: Day | None = None
    source: SourceName | None = None
    symbol: Symbol | None = None


class CountsAnswer(BaseModel):
    """What became of published events: published = stored + dead + duplicates + lost + in_flight."""

    published: int = Field(description="events that sources sent")
    stored: int
    dead: int = Field(description="dead letters that are not stored")
    duplicates: int = Field(description="entries whose event was stored already")
    lost: int = Field(description="events that are in none of the other places")
    in_flight: int = IN_FLIGHT


class BalanceAnswer(CountsAnswer):
    """The balance of a source's symbol on a trading day."""

    source: str = Field(examples=["SCHWAB"])
    symbol: str = Field(examples=["ES"])
    session_date: str = Field(description="trading day", examples=["2025-10-09"])
    verdict: Verdict = Field(description="whether published is the sum of its parts")


class AccountAnswer(BaseModel):
    """The balances of a trading day as last reconciled."""

    model_config = ConfigDict(title="Account")

    day: str = Field(examples=["2025-10-09"])
    at: Instant | None = Field(description="when the day was last balanced; null: never")
    verdict: Verdict = Field(description="the gravest of the balances")
    totals: CountsAnswer
    balances: list[BalanceAnswer]


class LossesQuery(BaseModel):
    """Parameters of GET /api/losses."""

    model_config = ConfigDict(extra="forbid")

    kind: LossKind | None = None
    source: SourceName | None = None
    symbol: Symbol | None = None
    day: Day | None = None
    limit: Limit = LIMIT
    cursor: IdCursor | None = None

    def wanted(self) -> LossFilter:
        """The losses that are asked for."""
        return LossFilter(self.kind, self.source, self.symbol, self.day)


class LossAnswer(BaseModel):
    """Events that are gone; a row with a parent tells of which symbol some of the parent's events were."""

    id: int
    kind: LossKind
    count: int
    source: str | None
    symbol: str | None
    session_date: str | None = Field(description="trading day")
    parent_id: int | None = Field(description="the loss that this one is a part of")
    ref: str = Field(description="the evidence, which is counted once")
    detail: dict[str, Any]
    observed_at: Instant


class LossesAnswer(BaseModel):
    """A page of losses, newest first, and what was ever lost by kind."""

    model_config = ConfigDict(title="Losses")

    totals: dict[str, int] = Field(description="events ever lost by kind, each counted once")
    losses: list[LossAnswer]
    next_cursor: NextCursor


class GapsQuery(BaseModel):
    """Parameters of GET /api/gaps."""

    model_config = ConfigDict(extra="forbid")

    kind: GapKind | None = None
    source: SourceName | None = None
    symbol: Symbol | None = None
    day: Day | None = None
    state: GapState | None = None
    limit: Limit = LIMIT
    cursor: IdCursor | None = None

    def wanted(self) -> GapFilter:
        """The gaps that are asked for."""
        return GapFilter(self.kind, self.source, self.day, self.state, self.symbol)


class GapAnswer(BaseModel):
    """A stretch that storage lacks: `missing` numbers from from_seq to to_seq, or a time without a sign of the feed."""

    id: int
    kind: GapKind
    source: str
    session_date: str = Field(description="trading day")
    from_seq: int | None = Field(description="null for a feed gap")
    to_seq: int | None
    missing: int | None
    from_ts: Instant = Field(description="of a sequence gap: the stored neighbour before it")
    to_ts: Instant
    symbols: dict[str, int] = Field(description="what is missing by symbol, as far as that is known; may be empty")
    cause: str = Field(examples=["trimmed_unread"], description="the kind of the losses that explain it, or unknown")
    state: GapState = Field(description="unrecoverable: its events are counted as lost")
    found_at: Instant
    closed_at: Instant | None


class GapsAnswer(BaseModel):
    """A page of gaps, newest found first."""

    model_config = ConfigDict(title="Gaps")

    gaps: list[GapAnswer]
    next_cursor: NextCursor
