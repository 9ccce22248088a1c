"""What the endpoints of instruments answer, as OpenAPI shows it."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant
from app.api.cursors import read_key, write_key
from app.api.page_shapes import LIMIT, Limit, NextCursor
from app.api.query import naming_field
from app.clock import instant_text, parse_instant
from app.instruments.models import ContractRoll
from app.instruments.roll_history import RollKey
from app.quotes import known_source

KIND: Final = (
    "first: the first contract that was noticed; roll: to a contract that delivers later than all before; switch: any "
    "other change, such as back to an older contract. No price before a change is comparable with one after it."
)


class InstrumentAnswer(BaseModel):
    """A futures root with all its facts; decimals are exact text."""

    symbol: str = Field(examples=["ES"])
    name: str
    mic: str = Field(description="ISO 10383", examples=["XCME"])
    venue: str | None = Field(description="the exchange", examples=["CME"])
    currency: str
    tick_size: str = Field(description="least step of the price, decimal text", examples=["0.25"])
    tick_decimals: int = Field(description="places of the tick, and so of prices")
    multiplier: str = Field(description="what one point is worth, in currency", examples=["50"])
    tick_value: str = Field(description="what that step is worth, in the currency, decimal text", examples=["12.5"])
    price_format: Literal["D", "32"] = Field(description="D: decimals; 32: points and thirty-seconds, 118'16")
    calendar: str = Field(description="the market whose hours it keeps")
    market: str = Field(description="in whose hours it trades", examples=["CME_Futures"])
    schwab_symbol: str = Field(description="its name at Schwab", examples=["/ES"])
    tos_symbol: str = Field(description="its name in thinkorswim", examples=["/ES:XCME"])
    watch_position: int | None = Field(description="from 1 on; null: not watched")
    contract: str | None = Field(
        description="the active contract; null while no source has told it", examples=["ESZ25"]
    )
    contract_since: Instant | None = Field(description="since when it is known to be active")
    contract_source: str | None = Field(description="whose word it is, a live source's before others")


class InstrumentsAnswer(BaseModel):
    """All instruments, the watched ones first and in order."""

    model_config = ConfigDict(title="Instruments")

    instruments: list[InstrumentAnswer]


def roll_cursor(row: ContractRoll) -> str:
    """The text by which a client asks for the changes that follow one."""
    return write_key(instant_text(row.first_ts), row.source)


def _read_cursor(text: str) -> RollKey:
    first_ts, source = read_key(text, 2)
    return parse_instant(first_ts), known_source(source)


RollCursor = Annotated[
    tuple[datetime, str],
    naming_field(_read_cursor),
    WithJsonSchema({"type": "string", "description": "next_cursor of the page before, unchanged"}),
]


class RollsQuery(BaseModel):
    """Parameters of GET /api/instruments/{symbol}/rolls."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = LIMIT
    cursor: RollCursor | None = None


class RollAnswer(BaseModel):
    """A change of the contract that a source quotes under a symbol."""

    symbol: str
    source: str
    kind: Literal["first", "roll", "switch"] = Field(description=KIND)
    from_contract: str | None = Field(
        description="the contract before; null: the first that was seen", examples=["ESZ25"]
    )
    to_contract: str = Field(examples=["ESH26"])
    session_date: str = Field(description="trading day of the change", examples=["2025-12-15"])
    last_ts: Instant | None = Field(description="last event of from_contract before the change")
    first_ts: Instant = Field(description="first event of to_contract after it")
    noticed_at: Instant


class RollsAnswer(BaseModel):
    """The changes of a symbol's contract at all sources, newest first."""

    model_config = ConfigDict(title="Rolls")

    symbol: str
    rolls: list[RollAnswer]
    next_cursor: NextCursor


INSTRUMENTS_EXAMPLE: Final[dict[str, Any]] = {
    "instruments": [
        {
            "symbol": "ES",
            "name": "E-mini S&P 500",
            "mic": "XCME",
            "venue": "CME",
            "currency": "USD",
            "tick_size": "0.25",
            "tick_decimals": 2,
            "multiplier": "50",
            "tick_value": "12.5",
            "price_format": "D",
            "calendar": "CMEGLOBEX_EQUITY",
            "market": "CME_Futures",
            "schwab_symbol": "/ES",
            "tos_symbol": "/ES:XCME",
            "watch_position": 2,
            "contract": "ESZ25",
            "contract_since": "2025-09-15T22:00:00.012000Z",
            "contract_source": "SCHWAB",
        }
    ]
}
