"""What the endpoints of the market calendars take and answer, as OpenAPI shows it."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.api.filters import Day, DayRange, LastDay, MarketName
from app.api.query import Moment
from app.market.markets import DEFAULT
from app.market.sessions import Status, TransitionType
from app.operations.market_days import DAYS_AHEAD, DAYS_LIMIT

WholeInstant = Annotated[str, Field(description="UTC", examples=["2025-10-09T21:00:00Z"])]
DayText = Annotated[str, Field(examples=["2025-10-09"])]
HOLIDAY = Field(description="the exchange's holiday, closed or traded; eves are none", examples=["Christmas"])
REMARK = Field(
    description="why the session of session_date ends early, where that has a name", examples=["Day after Thanksgiving"]
)
TRADE_DATE = Field(description="date under which CME clears the session; null for other exchanges")


class SessionQuery(BaseModel):
    """Parameters of GET /api/session."""

    model_config = ConfigDict(extra="forbid")

    market: MarketName | None = None
    at: Moment | None = None


class SessionsQuery(DayRange):
    """Parameters of GET /api/sessions; `start` and `end` are both included."""

    market: MarketName | None = None
    start: Day | None = Field(None, description=f"unset: the present day; at most {DAYS_LIMIT:,} days before the end")
    end: LastDay | None = Field(None, description=f"included; unset: {DAYS_AHEAD} days after the start")
    at: Moment | None = None


class HoursAnswer(BaseModel):
    """Regular trading hours of a session, from `open` until before `close`; null where there are none."""

    open: WholeInstant | None
    close: WholeInstant | None


class RunningHoursAnswer(BaseModel):
    """Regular trading hours, and whether they run."""

    is_open: bool
    open: WholeInstant | None
    close: WholeInstant | None


class SessionAnswer(BaseModel):
    """A market at an instant. The flags from is_trading_day to holiday_name are about its present day, which begins at
    the evening's roll where the market has one."""

    model_config = ConfigDict(title="Session")

    status: Status
    market: str = Field(examples=[DEFAULT])
    current_time: str = Field(
        description="UTC, with microseconds where there are any", examples=["2025-10-09T15:30:00Z"]
    )
    next_transition: WholeInstant = Field(description="the first change of status after current_time")
    next_transition_type: TransitionType
    is_trading_day: bool = Field(description="the present day has a session")
    is_weekend: bool
    is_holiday: bool = Field(description="the present day is a holiday of the exchange, closed or traded")
    holiday_name: str | None = HOLIDAY
    timezone: str = Field(examples=["America/Chicago"])
    session_date: DayText = Field(description="trading day: the first with a session from the present day on")
    session_open: WholeInstant
    session_close: WholeInstant
    is_early_close: bool
    remark: str | None = REMARK
    rth: RunningHoursAnswer = Field(description="of session_date")
    seconds_to_transition: int = Field(description="rounded up", ge=1, examples=[19800])
    cme_trade_date: DayText | None = TRADE_DATE


class CalendarSession(BaseModel):
    """A session of the calendar."""

    session_date: DayText = Field(description="trading day")
    session_open: WholeInstant
    session_close: WholeInstant
    is_early_close: bool
    holiday_name: str | None = HOLIDAY
    remark: str | None = REMARK
    rth: HoursAnswer
    cme_trade_date: DayText | None = TRADE_DATE


class ClosedDay(BaseModel):
    """A date from Monday to Friday without a session."""

    date: DayText
    holiday_name: str | None = HOLIDAY
    remark: str | None = Field(description="why there is no session", examples=["Christmas"])


class SessionsAnswer(BaseModel):
    """The sessions from start to end, both included, in order, and the weekdays on which the market does not trade."""

    model_config = ConfigDict(title="Sessions")

    market: str = Field(examples=[DEFAULT])
    timezone: str = Field(examples=["America/Chicago"])
    start: DayText
    end: DayText
    checked_until: DayText = Field(
        description="up to here the holidays were compared with the exchange's schedule; later ones follow from rules"
    )
    sessions: list[CalendarSession]
    closed: list[ClosedDay]


SESSION_EXAMPLE: Final[dict[str, Any]] = {
    "status": "OPEN",
    "market": "CME_Futures",
    "current_time": "2025-11-28T15:30:00Z",
    "next_transition": "2025-11-28T18:15:00Z",
    "next_transition_type": "CLOSE",
    "is_trading_day": True,
    "is_weekend": False,
    "is_holiday": False,
    "holiday_name": None,
    "timezone": "America/Chicago",
    "session_date": "2025-11-28",
    "session_open": "2025-11-27T23:00:00Z",
    "session_close": "2025-11-28T18:15:00Z",
    "is_early_close": True,
    "remark": "Day after Thanksgiving",
    "rth": {"is_open": True, "open": "2025-11-28T14:30:00Z", "close": "2025-11-28T18:00:00Z"},
    "seconds_to_transition": 9900,
    "cme_trade_date": "2025-11-28",
}
SESSIONS_EXAMPLE: Final[dict[str, Any]] = {
    "market": "CME_Futures",
    "timezone": "America/Chicago",
    "start": "2025-12-25",
    "end": "2025-12-26",
    "checked_until": "2027-12-31",
    "sessions": [
        {
            "session_date": "2025-12-26",
            "session_open": "2025-12-25T23:00:00Z",
            "session_close": "2025-12-26T22:00:00Z",
            "is_early_close": False,
            "holiday_name": None,
            "remark": None,
            "rth": {"open": "2025-12-26T14:30:00Z", "close": "2025-12-26T21:00:00Z"},
            "cme_trade_date": "2025-12-26",
        }
    ],
    "closed": [{"date": "2025-12-25", "holiday_name": "Christmas", "remark": "Christmas"}],
}
