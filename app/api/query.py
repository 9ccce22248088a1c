"""What clients may write in a query string: symbols, instants, and each parameter once."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.clock import parse_instant
from app.errors import Rejected
from app.quotes import parse_symbols

SYMBOLS_LIMIT: Final = 500
_UNESCAPED_PLUS = re.compile(r"([0-9W-]{8,10}[Tt ][0-9:.,]+) ([0-9]{2}(?::?[0-9]{2})?)")


class WrongField(Rejected):
    """What a client gave in one place is wrong: `field` is its name, and `place` query or path."""

    def __init__(self, field: str, reason: str, place: str = "query") -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason, self.place = field, reason, place


@contextmanager
def blaming(field: str, place: str = "query") -> Iterator[None]:
    """What is rejected inside is the fault of a field."""
    try:
        yield
    except WrongField:
        raise
    except Rejected as error:
        raise WrongField(field, str(error), place) from None


def require_plain_query() -> None:
    """Rejected when the query string names a parameter twice or holds a control character."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise Rejected(f"{name!r:.60} is given {len(values)} times: give it once")
        if not (name.isprintable() and values[0].isprintable()):
            raise Rejected(f"{name!r:.60} holds a character that cannot be printed")


def read_symbols(text: str) -> list[str]:
    """Up to 500 symbols written like `ES,nq`, each once and in upper case; Rejected when malformed."""
    if not text.isascii():
        raise Rejected("a symbol is 1 to 16 of A-Z, 0-9, dot, underscore and hyphen, such as ES or 6E")
    symbols = parse_symbols(text)
    if len(symbols) > SYMBOLS_LIMIT:
        raise Rejected(f"{len(symbols)} symbols are too many: ask for at most {SYMBOLS_LIMIT}")
    return symbols


def read_instant(text: str) -> datetime:
    """An ISO 8601 instant with offset, as UTC; a `+` that arrives as a space is mended; Rejected when malformed."""
    found = _UNESCAPED_PLUS.fullmatch(text)
    return parse_instant("+".join(found.groups()) if found else text)


def naming_field(read: Callable[[str], object]) -> BeforeValidator:
    """`read` as a validator of a model's field, so that the answer names the field together with the reason."""

    def validate(value: object) -> object:
        try:
            return read(value) if isinstance(value, str) else value
        except Rejected as error:
            raise PydanticCustomError("rejected", "{reason}", {"reason": str(error)}) from None

    return BeforeValidator(validate)


Symbols = Annotated[
    list[str],
    naming_field(read_symbols),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"symbols separated by commas, at most {SYMBOLS_LIMIT}; unset: the watchlist",
            "examples": ["ES,NQ"],
        }
    ),
]
Moment = Annotated[
    datetime,
    naming_field(read_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "the instant to take for now, with an offset; unset: the present",
            "examples": ["2025-10-09T15:30:00Z"],
        }
    ),
]


class QuotesQuery(BaseModel):
    """Parameters of GET /api/quotes."""

    model_config = ConfigDict(extra="forbid")

    symbols: Symbols | None = None
    at: Moment | None = None


class StreamQuery(BaseModel):
    """Parameters of GET /api/quotes/stream."""

    model_config = ConfigDict(extra="forbid")

    symbols: Symbols | None = None
    last_event_id: str | None = Field(None, description="instead of the header Last-Event-ID")
