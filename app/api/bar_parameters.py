"""What GET /api/bars takes, as OpenAPI shows it."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.filters import read_symbol
from app.api.page_shapes import BULK_LIMIT_MAX, BulkLimit, whole_number
from app.api.query import Moment, naming_field, read_instant
from app.errors import Rejected
from app.history.timeframes import LENGTHS, known_timeframe
from app.quotes import SOURCES, known_source

_FLAGS: Final = {"true": True, "false": False}


def _read_flag(text: str) -> bool:
    if text not in _FLAGS:
        raise Rejected(f"{text[:20]!r} is neither true nor false")
    return _FLAGS[text]


Symbol = Annotated[
    str, naming_field(read_symbol), WithJsonSchema({"type": "string", "description": "one symbol", "examples": ["ES"]})
]
Timeframe = Annotated[
    str,
    naming_field(known_timeframe),
    WithJsonSchema(
        {
            "type": "string",
            "enum": list(LENGTHS),
            "default": "1m",
            "description": "counted from the session's open; 1d is the whole session. 15m and 30m are made of 5m bars, "
            "4h and 1d of 1h bars: the volume of one of those without a trade counts in the bar after",
        }
    ),
]
SourceName = Annotated[
    str,
    naming_field(known_source),
    WithJsonSchema(
        {
            "type": "string",
            "enum": list(SOURCES),
            "description": "unset: the most real one that has bars, with last in the newest session that has any",
        }
    ),
]
Last = Annotated[
    int,
    naming_field(whole_number(BULK_LIMIT_MAX)),
    WithJsonSchema(
        {
            "type": "integer",
            "minimum": 1,
            "maximum": BULK_LIMIT_MAX,
            "description": "the last so many bars that open before `end`, in however many sessions they lie; "
            "instead of `start`, `limit` and `cursor`",
            "examples": [500],
        }
    ),
]
Forming = Annotated[
    bool,
    naming_field(_read_flag),
    WithJsonSchema({"type": "boolean", "default": False, "description": "tell the bar that runs, too; JSON only"}),
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


class BarsQuery(BaseModel):
    """Parameters of GET /api/bars; `[start, end)` is compared with the opening of a bar."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol
    timeframe: Timeframe = "1m"
    start: Start | None = None
    end: End | None = None
    source: SourceName | None = None
    limit: BulkLimit | None = None
    cursor: CursorText | None = None
    last: Last | None = None
    forming: Forming = False
    at: Moment | None = None
