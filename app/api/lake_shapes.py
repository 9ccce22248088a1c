"""What the endpoints of the lake take and answer, as OpenAPI shows it."""

from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant
from app.api.cursors import read_key, write_key
from app.api.filters import Day, DayRange, Symbol
from app.api.page_shapes import LIMIT, Limit, NextCursor
from app.api.query import naming_field
from app.clock import parse_day
from app.errors import Rejected
from app.lake.layout import TIMEFRAMES
from app.operations.backfilling import DAYS_LIMIT, STATES
from app.operations.lake_catalog import KINDS, Key, Wanted
from app.quotes import parse_symbol

Kind = Literal["ticks", "bars"]
State = Literal["damaged", "missing", "stale", "running", "purged", "verified", "exported"]


def cursor_of(key: Key) -> str:
    """The text by which a client asks for what follows a partition."""
    day, *rest = key
    return write_key(day.isoformat(), *rest)


def _read_cursor(text: str) -> Key:
    day, symbol, kind, timeframe = read_key(text, 4)
    if kind not in KINDS or timeframe not in ("", *TIMEFRAMES):
        raise Rejected(f"{text[:20]!r} is no cursor: give the next_cursor of the page before")
    return parse_day(day), parse_symbol(symbol), kind, timeframe


Cursor = Annotated[
    tuple[date, str, str, str],
    naming_field(_read_cursor),
    WithJsonSchema({"type": "string", "description": "next_cursor of the page before, unchanged"}),
]


class LakeQuery(DayRange):
    """Parameters of GET /api/lake; `start` and `end` are the first and the last trading day, both included."""

    symbol: Symbol | None = None
    kind: Kind | None = None
    limit: Limit = LIMIT
    cursor: Cursor | None = None

    def wanted(self) -> Wanted:
        """The partitions that are asked for."""
        after = self.end + timedelta(days=1) if self.end and self.end < date.max else None
        return Wanted(self.start, after, {self.symbol} if self.symbol else None, self.kind)


class BackfillBody(BaseModel):
    """The first and the last trading day, both included, at most 366 days."""

    model_config = ConfigDict(extra="forbid", title="Backfill")

    start: Day
    end: Day


class PartitionAnswer(BaseModel):
    """One partition; times and hash are null where there is no file."""

    model_config = ConfigDict(title="Partition")

    date: str = Field(description="trading day", examples=["2025-10-09"])
    symbol: str = Field(examples=["ES"])
    kind: Kind
    timeframe: str | None = Field(description="of bars", examples=["5m"])
    state: State = Field(
        description=(
            "damaged: as last seen; missing: not in the lake; stale: ticks came since, or bars are older than their "
            "ticks or than the session's close; running: exported after the close; purged: the file is the only place "
            "of its ticks; verified: read whole since it was published; exported: verified while written"
        )
    )
    detail: str | None = Field(description="what is wrong, where something is")
    rows: int = Field(description="rows of the file; without a file, ticks that wait in the database")
    first_ts: Instant | None
    last_ts: Instant | None
    bytes: int | None
    sha256: str | None = Field(description="of the file's bytes, as published")
    path: str | None = Field(description="from the lake's root", examples=["ticks/date=2025-10-09/symbol=ES/…"])
    written_at: Instant | None
    verified_at: Instant | None
    purged_at: Instant | None


class LakeTotals(BaseModel):
    """All partitions that are meant, on whatever page they are."""

    files: int
    days: int
    rows: int
    bytes: int
    missing: int = Field(description="days and symbols with stored ticks and no file, of sessions that are over")


class LakeAnswer(BaseModel):
    """Partitions, newest day first, then by symbol."""

    model_config = ConfigDict(title="Lake")

    partitions: list[PartitionAnswer]
    totals: LakeTotals
    next_cursor: NextCursor


class BackfillDay(BaseModel):
    """A day of the range: its present state, and whether its export was asked for."""

    date: str = Field(examples=["2025-10-09"])
    state: str = Field(json_schema_extra={"enum": list(STATES)}, description="the worst of the day's files")
    queued: bool = Field(description="false also where only a backup can bring a file back")


class BackfillAnswer(BaseModel):
    """What was asked of the workers; GET /api/lake shows how it goes on."""

    model_config = ConfigDict(title="BackfillDays")

    queued: int = Field(description=f"days whose export was asked for, at most {DAYS_LIMIT}")
    days: list[BackfillDay]


LAKE_EXAMPLE: Final[dict[str, Any]] = {
    "partitions": [
        {
            "date": "2025-10-09",
            "symbol": "ES",
            "kind": "ticks",
            "timeframe": None,
            "state": "verified",
            "detail": None,
            "rows": 1203411,
            "first_ts": "2025-10-08T22:00:00.000117Z",
            "last_ts": "2025-10-09T20:59:59.998341Z",
            "bytes": 14802204,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  # pragma: allowlist secret
            "path": "ticks/date=2025-10-09/symbol=ES/ticks.parquet",
            "written_at": "2025-10-09T21:05:12.000000Z",
            "verified_at": "2025-10-10T03:00:00.000000Z",
            "purged_at": None,
        }
    ],
    "totals": {"files": 412, "days": 21, "rows": 98120034, "bytes": 1210448812, "missing": 0},
    "next_cursor": None,
}
