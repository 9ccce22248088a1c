"""What calendars say, as plain values: instants like 2025-10-09T15:30:00Z, dates like 2025-10-09."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.clock import brief_text
from app.market.market import Market
from app.market.sessions import MarketState, RegularHours, Session
from app.operations.market_days import MarketDay, weekdays_closed

_SECOND: Final = timedelta(seconds=1)


def session_form(state: MarketState) -> dict[str, Any]:
    """Everything of an instant; `seconds_to_transition` are whole ones, rounded up, so that zero never shows early."""
    today, session, following = state.today, state.session, state.next_transition
    return {
        "status": state.status.value,
        "market": state.market,
        "current_time": brief_text(state.at),
        "next_transition": brief_text(following.at),
        "next_transition_type": following.type.value,
        "is_trading_day": today.session is not None,
        "is_weekend": today.is_weekend,
        "is_holiday": today.holiday is not None,
        "holiday_name": today.holiday,
        "timezone": state.timezone,
        "session_date": session.day.isoformat(),
        "session_open": brief_text(session.open),
        "session_close": brief_text(session.close),
        "is_early_close": state.is_early_close,
        "remark": state.remark,
        "rth": {"is_open": state.rth.is_open, **_hours_form(state.rth)},
        "seconds_to_transition": -((state.at - following.at) // _SECOND),
        "cme_trade_date": _day_text(state.trade_date),
    }


def calendar_form(market: Market, days: Sequence[MarketDay]) -> dict[str, Any]:
    """A run of days, at least one: the sessions among them, and the weekdays without one."""
    return {
        "market": market.name,
        "timezone": market.timezone.key,
        "start": days[0].calendar.day.isoformat(),
        "end": days[-1].calendar.day.isoformat(),
        "checked_until": market.checked_until.isoformat(),
        "sessions": [_day_form(day, found) for day in days if (found := day.calendar.session) is not None],
        "closed": [
            {"date": day.day.isoformat(), "holiday_name": day.holiday, "remark": day.remark}
            for day in weekdays_closed(days)
        ],
    }


def _day_form(day: MarketDay, session: Session) -> dict[str, Any]:
    known = day.calendar
    return {
        "session_date": known.day.isoformat(),
        "session_open": brief_text(session.open),
        "session_close": brief_text(session.close),
        "is_early_close": known.is_early_close,
        "holiday_name": known.holiday,
        "remark": known.remark,
        "rth": _hours_form(day.rth),
        "cme_trade_date": _day_text(day.trade_date),
    }


def _hours_form(hours: RegularHours) -> dict[str, str | None]:
    return {"open": _instant_text(hours.open), "close": _instant_text(hours.close)}


def _instant_text(value: datetime | None) -> str | None:
    return None if value is None else brief_text(value)


def _day_text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
