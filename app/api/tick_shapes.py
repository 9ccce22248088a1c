"""What GET /api/ticks takes and answers, as OpenAPI shows it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant, Price
from app.api.bar_parameters import CursorText, End, Start, Symbol
from app.api.filters import SourceName
from app.api.page_shapes import BulkLimit
from app.api.query import Moment, naming_field
from app.errors import Rejected
from app.ticks.models import COLUMNS


def _read_columns(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Rejected(f"no column is named: write them separated by commas, of {', '.join(COLUMNS)}")
    if unknown := sorted(set(names) - set(COLUMNS)):
        raise Rejected(f"ticks have no column {', '.join(unknown)[:80]}: known are {', '.join(COLUMNS)}")
    return list(dict.fromkeys(names))


Columns = Annotated[
    list[str],
    naming_field(_read_columns),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"columns separated by commas, of {', '.join(COLUMNS)}; unset: all",
            "examples": ["ts,last,volume"],
        }
    ),
]


class TicksQuery(BaseModel):
    """Parameters of GET /api/ticks; `[start, end)` is compared with `ts`."""

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol
    start: Start | None = None
    end: End | None = None
    source: SourceName | None = None
    columns: Columns | None = None
    limit: BulkLimit | None = None
    cursor: CursorText | None = None
    at: Moment | None = None


class TickAnswer(BaseModel):
    """One stored event, with the columns asked for; null = not known."""

    symbol: str = Field("", examples=["ES"])
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"] | None = None
    seq: int | None = None
    ts: Instant | None = Field(None, description="time of the event at the source")
    recv_ts: Instant | None = None
    session_date: str | None = Field(None, description="trading day", examples=["2025-10-09"])
    contract: str | None = None
    ts_origin: Literal["exchange", "local"] | None = Field(None, description="whose clock the time is of")
    last: Price = None
    bid: Price = None
    ask: Price = None
    open: Price = None
    high: Price = None
    low: Price = None
    close: Price = None
    change: Price = None
    last_size: int | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    volume: int | None = Field(None, description="cumulative over the session")
    trade: bool | None = None
    delayed: bool | None = Field(None, description="the source says that it is delayed")
    created_at: Instant | None = Field(None, description="when the event was stored")


class TicksAnswer(BaseModel):
    """Ticks in the order of (ts, seq, source), each once, from the database and the lake as one."""

    model_config = ConfigDict(title="Ticks")

    symbol: str = Field(examples=["ES"])
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"] | None = Field(description="null: all sources")
    start: Instant
    end: Instant
    ticks: list[TickAnswer]
    next_cursor: str | None = Field(description="ask again with it for what follows; null: the range ends here")


TICKS_EXAMPLE: Final[dict[str, Any]] = {
    "symbol": "ES",
    "source": None,
    "start": "2025-10-09T13:30:00.000000Z",
    "end": "2025-10-09T13:31:00.000000Z",
    "ticks": [
        {
            "ts": "2025-10-09T13:30:00.101000Z",
            "seq": 783500482379,
            "source": "SCHWAB",
            "last": "6751.25",
            "last_size": 2,
            "volume": 812344,
            "trade": True,
        }
    ],
    "next_cursor": None,
}
CSV_EXAMPLE: Final = (
    "ts,seq,source,last,last_size,volume,trade\n2025-10-09T13:30:00.101000Z,783500482379,SCHWAB,6751.25,2,812344,true\n"
)
