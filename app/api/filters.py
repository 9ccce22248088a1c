"""The filters that lists share: one name, one reading and one description for each."""

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.api.query import blaming, naming_field
from app.clock import parse_day
from app.errors import Rejected
from app.market.markets import PROFILES
from app.quotes import SOURCES, known_source, parse_symbol


def read_symbol(text: str) -> str:
    """One symbol, in upper case; Rejected when malformed."""
    return parse_symbol(text.upper() if text.isascii() else text)


def read_market(text: str) -> str:
    """The name of a market; Rejected with the known names when there is none of that name."""
    if text not in PROFILES:
        raise Rejected(f"no market is called {text[:40]!r}: known are {', '.join(PROFILES)}")
    return text


def read_day(text: str) -> date:
    """The trading day of a path; Rejected when malformed."""
    with blaming("day", "path"):
        return parse_day(text)


def _not_before_start(end: date, told: ValidationInfo) -> date:
    start = told.data.get("start")
    if start is not None and start > end:
        raise PydanticCustomError(
            "rejected", "{reason}", {"reason": f"start {start} is after end {end}: exchange them"}
        )
    return end


_DAY: Final = {"type": "string", "format": "date", "description": "trading day", "examples": ["2025-10-09"]}
Symbol = Annotated[
    str, naming_field(read_symbol), WithJsonSchema({"type": "string", "description": "unset: all", "examples": ["ES"]})
]
SourceName = Annotated[
    str,
    naming_field(known_source),
    WithJsonSchema({"type": "string", "enum": list(SOURCES), "description": "unset: all"}),
]
MarketName = Annotated[
    str,
    naming_field(read_market),
    WithJsonSchema({"type": "string", "enum": list(PROFILES), "description": "unset: the desk's market"}),
]
AnyMarket = Annotated[
    str,
    naming_field(read_market),
    WithJsonSchema({"type": "string", "enum": list(PROFILES), "description": "unset: all, watched or recorded"}),
]
Day = Annotated[date, naming_field(parse_day), Strict(), WithJsonSchema(_DAY)]
LastDay = Annotated[Day, AfterValidator(_not_before_start)]


class DayRange(BaseModel):
    """Trading days from `start` to `end`, both included; a side that is unset is open, unless it is said otherwise."""

    model_config = ConfigDict(extra="forbid")

    start: Day | None = Field(None, description="the first trading day")
    end: LastDay | None = Field(None, description="the last trading day, included")
