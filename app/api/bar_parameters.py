"""What GET /api/bars takes, as OpenAPI shows it."""

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.query import Moment, naming_field, read_instant
from app.errors import Rejected
from app.history.timeframes import LENGTHS, known_timeframe
from app.quotes import SOURCES, known_source, parse_symbol

JSON_LIMIT: Final = 1000
LIMIT_MAX: Final = 10_000
_FLAGS: Final = {"true": True, "false": False}


def _read_symbol(text: str) -> str:
    return parse_symbol(text.upper() if text.isascii() else text)


def _read_limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise Rejected(f"{text[:20]!r} is not a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def _read_flag(text: str) -> bool:
    if text not in _FLAGS:
        raise Rejected(f"{text[:20]!r} is neither true nor false")
    return _FLAGS[text]


Symbol = Annotated[
    str, naming_field(_read_symbol), WithJsonSchema({"type": "string", "description": "one symbol", "examples": ["ES"]})
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
Last = Annotated[
    int,
    naming_field(_read_limit),
    WithJsonSchema(
        {
            "type": "integer",
            "minimum": 1,
            "maximum": LIMIT_MAX,
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
    limit: Limit | None = None
    cursor: CursorText | None = None
    last: Last | None = None
    forming: Forming = False
    at: Moment | None = None
