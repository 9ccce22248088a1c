"""What GET /api/bars takes and answers, as OpenAPI shows it."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant
from app.api.query import Moment, naming_field, read_instant
from app.errors import Rejected
from app.lake.layout import TIMEFRAMES, parse_timeframe
from app.quotes import SOURCES, known_source, parse_symbol

JSON_LIMIT: Final = 1000
LIMIT_MAX: Final = 10_000


def _read_symbol(text: str) -> str:
    return parse_symbol(text.upper() if text.isascii() else text)


def _read_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise Rejected(f"{text[:20]!r} is not a whole number from 1 to {LIMIT_MAX}")
    return int(text)


Symbol = Annotated[
    str, naming_field(_read_symbol), WithJsonSchema({"type": "string", "description": "one symbol", "examples": ["ES"]})
]
Timeframe = Annotated[
    str, naming_field(parse_timeframe), WithJsonSchema({"type": "string", "enum": list(TIMEFRAMES), "default": "1m"})
]
SourceName = Annotated[
    str,
    naming_field(known_source),
    WithJsonSchema({"type": "string", "enum": list(SOURCES), "description": "unset: the most real one that has bars"}),
]
Limit = Annotated[
    int,
    naming_field(_read_limit),
    WithJsonSchema(
        {
            "type": "integer",
            "minimum": 1,
            "maximum": LIMIT_MAX,
            "description": f"most bars in one answer; in JSON {JSON_LIMIT} when unset; "
            "CSV and Arrow hold all of the range when unset",
        }
    ),
]
CursorText = Annotated[
    str, Field(description="the next_cursor of the answer before; the range and the source are those of that question")
]
Start = Annotated[
    datetime,
    naming_field(read_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "the first instant of the range, with an offset",
            "examples": ["2025-10-09T13:30:00Z"],
        }
    ),
]
End = Annotated[
    datetime,
    naming_field(read_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "the first instant after the range; unset: the present",
            "examples": ["2025-10-09T20:00:00Z"],
        }
    ),
]
Price = Annotated[str, Field(description="decimal text, exact", examples=["6751.25"])]


class BarsQuery(BaseModel):
    """Parameters of GET /api/bars; `[start, end)` is compared with the opening of a bar."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol
    timeframe: Timeframe = "1m"
    start: Start | None = None
    end: End | None = None
    source: SourceName | None = None
    limit: Limit | None = None
    cursor: CursorText | None = None
    at: Moment | None = None


class BarAnswer(BaseModel):
    """The trades of one source in [t_open, t_close); known only at `t_close`."""

    t_open: Instant
    t_close: Instant
    open: Price
    high: Price
    low: Price
    close: Price
    volume: int | None = Field(description="contracts traded since the bar before; null = the source does not tell")
    tick_count: int = Field(description="events of the source in the bar, trades and quotes")
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"]
    coverage: float | None = Field(
        ge=0, le=1, description="share of the bar's minutes in which the source was alive; null = nothing is known"
    )


class HoleAnswer(BaseModel):
    """Buckets of one session that touch and have no bar; nothing is ever filled in."""

    model_config = ConfigDict(title="Hole", populate_by_name=True)

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    label: Literal["quiet", "no_feed", "unknown"] = Field(
        description="quiet: the source was alive in every minute and nothing was traded; "
        "no_feed: in some minute of each bucket it was not; unknown: nothing is recorded, or it is too early to tell"
    )


class BarsAnswer(BaseModel):
    """Bars of one source in the order of time; a bucket in which nothing traded has no bar."""

    model_config = ConfigDict(title="Bars")

    symbol: str = Field(examples=["ES"])
    timeframe: str = Field(examples=["1m"])
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"] | None = Field(description="null: nobody has bars here")
    sources: list[str] = Field(description="all sources with bars in the range")
    start: Instant
    end: Instant
    bars: list[BarAnswer]
    holes: list[HoleAnswer] = Field(description="where the source has no bar, as far as this answer reaches")
    truncated: bool = Field(description="more bars follow: ask again from next_start, and with this source")
    next_start: Instant | None
    next_cursor: str | None = Field(description="the same as one word: ask again with it for what follows")


BARS_EXAMPLE: Final[dict[str, Any]] = {
    "symbol": "ES",
    "timeframe": "1m",
    "source": "SCHWAB",
    "sources": ["SCHWAB"],
    "start": "2025-10-09T13:30:00.000000Z",
    "end": "2025-10-09T20:00:00.000000Z",
    "bars": [
        {
            "t_open": "2025-10-09T13:30:00.000000Z",
            "t_close": "2025-10-09T13:31:00.000000Z",
            "open": "6751.25",
            "high": "6753",
            "low": "6750.75",
            "close": "6752.5",
            "volume": 6411,
            "tick_count": 2107,
            "source": "SCHWAB",
            "coverage": 1.0,
        }
    ],
    "holes": [{"from": "2025-10-09T13:31:00.000000Z", "to": "2025-10-09T13:33:00.000000Z", "label": "quiet"}],
    "truncated": False,
    "next_start": None,
    "next_cursor": None,
}
CSV_EXAMPLE: Final = (
    "symbol,source,session_date,t_open,t_close,open,high,low,close,volume,tick_count,coverage\n"
    "ES,SCHWAB,2025-10-09,2025-10-09T13:30:00.000000Z,2025-10-09T13:31:00.000000Z,"
    "6751.25,6753,6750.75,6752.5,6411,2107,1\n"
)
