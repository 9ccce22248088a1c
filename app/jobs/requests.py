"""What somebody asks of the analysis, and the question that it makes of it on a day."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.analysis.question import MOST_SYMBOLS, Kind, Parameters, Question, range_of
from app.clock import instant_text
from app.errors import Rejected
from app.market.market import Market
from app.quotes import EARLIEST

SHOWN: Final = 30
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _upper(text: str) -> str:
    return text.strip().upper() if text.isascii() else text


def _written_out(value: object) -> object:
    # A bare number, in JSON or as text, would be read as seconds since 1970.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise PydanticCustomError("written_out", "write it out, such as 2025-10-09 or 2025-10-09T15:30:00Z")


Symbol = Annotated[str, Field(min_length=1, max_length=16), AfterValidator(_upper)]
Day = Annotated[date, BeforeValidator(_written_out)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class JobRequest(BaseModel):
    """An analysis as it is asked for: a look back such as 30days, or trading days from a start to an end.

    Parameters that are left out come from the desk's settings, see `app.jobs.preferences`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Field("full", description="which parts are worked out; full: all of them")
    symbols: tuple[Symbol, ...] = Field(
        min_length=1, max_length=MOST_SYMBOLS, description="instruments", examples=[["ES", "NQ"]]
    )
    timeframe: str | None = Field(
        None, max_length=16, description="how far back from the end; unset: 30days", examples=["30days"]
    )
    start_date: Day | None = Field(
        None, description="first trading day, instead of a timeframe", examples=["2025-09-09"]
    )
    end_date: Day | None = Field(
        None, description="last trading day, included; unset: the present one", examples=["2025-10-09"]
    )
    asof: Moment | None = Field(
        None,
        description="the instant whose knowledge is used; unset: that at which the work begins",
        examples=["2025-10-09T15:30:00Z"],
    )
    parameters: Parameters = Field(default_factory=lambda: Parameters.model_validate({}))

    def hash(self) -> str:
        """The same for the same request, whatever defaults are filled in for it."""
        return hashlib.sha256(self.model_dump_json(exclude_unset=True).encode()).hexdigest()


@dataclass(frozen=True)
class Asked:
    """A request that can be worked on: its question, and the instant whose knowledge is used if it named one."""

    question: Question
    asof: datetime | None

    def hash(self) -> str:
        """The same for the same question about the same instant."""
        told = "" if self.asof is None else instant_text(self.asof)
        return hashlib.sha256(f"{self.question.hash()}\n{told}".encode()).hexdigest()


def understand(
    request: JobRequest, parameters: Parameters, known: Collection[str], market: Market, now: datetime
) -> Asked:
    """The question that a request asks at `now`; its days are those of `market`, the desk's.

    Rejected when a symbol is not among the `known` instruments, when the range is empty, too long, in the future or
    before 2000, and when the as-of is one of the latter.
    """
    symbols = tuple(dict.fromkeys(request.symbols))
    if unknown := [symbol for symbol in symbols if symbol not in known]:
        raise Rejected(
            f"there is no instrument {', '.join(unknown)[:80]}: known are {', '.join(sorted(known)[:SHOWN])}"
        )
    if request.asof is not None and not EARLIEST <= request.asof <= now:
        # Not in UTC: its year there may be none.
        raise Rejected(f"the as-of {request.asof.isoformat()} is in the future, or before {EARLIEST.year}")
    if any(day < EARLIEST.date() for day in (request.start_date, request.end_date) if day is not None):
        raise Rejected(f"the range reaches back before {EARLIEST.year}")
    today = market.session_of(request.asof or now)
    start, end = range_of(request.timeframe, request.start_date, request.end_date, today)
    question = Question(kind=request.kind, symbols=symbols, start=start, end=end, parameters=parameters)
    return Asked(question, request.asof)
