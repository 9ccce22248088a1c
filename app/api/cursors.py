"""Cursors: the place where a page ends, as a word that clients hand back without looking into it."""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.api.query import WrongField
from app.errors import Rejected
from app.market.timetable import instant_of, micros_of
from app.quotes import Source

# The years 2000 to 2199, which any datetime can hold.
Micros = Annotated[int, Field(ge=946_684_800_000_000, lt=7_258_118_400_000_000)]
_CHECK_BYTES: Final = 9
_LENGTH_LIMIT: Final = 600


class Cursor(BaseModel):
    """What all cursors hold: the question, with its range as it was understood at first; times in microseconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str
    symbol: str
    source: Source | None
    start_us: Micros
    end_us: Micros

    @property
    def start(self) -> datetime:
        """From where on the range goes."""
        return instant_of(self.start_us)

    @property
    def end(self) -> datetime:
        """Where the range ends."""
        return instant_of(self.end_us)


class TickCursor(Cursor):
    """The key of the last tick that a page of ticks holds."""

    kind: Literal["ticks"] = "ticks"
    ts_us: Micros
    seq: Annotated[int, Field(ge=0, lt=2**63)]
    last_source: Source


class BarCursor(Cursor):
    """A page of bars goes on at `start_us`; the bars must be known at `at_us`, None for the present."""

    kind: Literal["bars"] = "bars"
    timeframe: str
    at_us: Micros | None


Kind = TypeVar("Kind", bound=Cursor)


def write_cursor(cursor: Cursor) -> str:
    """A cursor as a word of letters, digits, hyphens and underscores."""
    body = cursor.model_dump_json().encode()
    return base64.urlsafe_b64encode(_check(body) + body).decode().rstrip("=")


def read_cursor(text: str, kind: type[Kind]) -> Kind:
    """The cursor that a word was written from; Rejected when it was not, or was for another kind of answer."""
    try:
        if len(text) > _LENGTH_LIMIT:
            raise ValueError
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        check, body = whole[:_CHECK_BYTES], whole[_CHECK_BYTES:]
        found = kind.model_validate_json(body)
        if check != _check(body) or write_cursor(found) != text:
            raise ValueError
    except (ValueError, binascii.Error, ValidationError):
        raise WrongField("cursor", "it was not given out here: take it unchanged from the answer before") from None
    return found


def write_key(*parts: str) -> str:
    """The key of a page's last row, in its parts, as one word that clients hand back; no part holds a `|`."""
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def read_key(text: str, count: int) -> list[str]:
    """The parts that a word was written from; Rejected when it was written from none, or from another number."""
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        whole = ""
    parts = whole.split("|")
    if len(parts) != count or write_key(*parts) != text:
        raise Rejected(f"{text[:20]!r} is no cursor: give the next_cursor of the page before")
    return parts


def require_same(cursor: Cursor, **asked: object) -> None:
    """Rejected when a parameter is given beside the cursor and says something else than its question did."""
    for name, value in asked.items():
        known = getattr(cursor, name)
        if value is not None and value != known:
            raise WrongField(name, "it is not that of the cursor: leave it out, or ask anew without the cursor")


def in_micros(instant: datetime) -> int:
    """An instant as cursors hold it; Rejected before 2000 or after 2199."""
    micros = micros_of(instant)
    if not 946_684_800_000_000 <= micros < 7_258_118_400_000_000:
        raise Rejected(f"{instant.date()} is outside the calendar")
    return micros


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"thor cursor\n" + body).digest()[:_CHECK_BYTES]
