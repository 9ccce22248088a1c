"""Sessions and months of markets as people read them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from app.cli.console import console
from app.cli.wording import span_text
from app.clock import brief_text
from app.market.market import Market
from app.market.sessions import CalendarDay, MarketState, RegularHours, TransitionType
from app.operations.market_days import MarketDay
from app.operations.market_forms import session_form

NONE: Final = "–"
ONE_DAY: Final = timedelta(days=1)
FRIDAY: Final = 4
_COMES: Final = {
    TransitionType.PRE_OPEN: "pre-market begins",
    TransitionType.OPEN: "opens",
    TransitionType.CLOSE: "closes",
    TransitionType.POST_CLOSE: "post-market ends",
}


def print_session(state: MarketState) -> None:
    """A market at an instant, a line for each thing that there is to say."""
    console.print(Text(f"{state.market} is {state.status}", style="bold"))
    for name, text in _session_lines(state):
        console.print(f"  {name:<14} {text}", markup=False)


def print_month(market: Market, days: Sequence[MarketDay], today: date) -> None:
    """A table with a row for each weekday, and what is to be known of the hours beside it."""
    has_rth, has_trade_dates = market.profile.rth_of is not None, market.profile.clears_ahead
    shown = {"": True, "day": True, "opens": True, "closes": True, "UTC": True}
    shown |= {"regular hours": has_rth, "trade date": has_trade_dates, "note": True}
    title = f"{market.name}, {days[0].calendar.day:%B %Y}, {market.timezone.key}"
    table = Table(*(name for name, wanted in shown.items() if wanted), title=title, title_justify="left")
    for day in days:
        if not day.calendar.is_weekend:
            cells = zip(_cells(market.timezone, day, today), shown.values(), strict=True)
            style = "bold" if day.calendar.day == today else "dim" if day.calendar.session is None else None
            is_last = day.calendar.day.weekday() == FRIDAY
            table.add_row(*(Text(text) for text, wanted in cells if wanted), style=style, end_section=is_last)
    console.print(table)
    for line in _month_lines(market, days):
        console.print(line, markup=False)


def _session_lines(state: MarketState) -> Iterator[tuple[str, str]]:
    zone, session, following = ZoneInfo(state.timezone), state.session, state.next_transition
    wait = span_text(session_form(state)["seconds_to_transition"])
    yield "now", f"{state.at.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z} = {brief_text(state.at)}"
    yield "next", f"{_COMES[following.type]} {_both(following.at, zone)}, in {wait}"
    yield "today", f"{state.today.day:%a %Y-%m-%d}, {_kind(state.today)}"
    yield "trading day", f"{session.day:%a %Y-%m-%d}"
    yield "  opens", _both(session.open, zone)
    early = ", ".join(["", "early", *filter(None, [state.remark])]) if state.is_early_close else ""
    yield "  closes", _both(session.close, zone) + early
    if state.rth.open is not None and state.rth.close is not None:
        running = "open" if state.rth.is_open else "closed"
        yield "regular hours", f"{state.rth.open.astimezone(zone):%H:%M} to {_both(state.rth.close, zone)}, {running}"
    else:
        yield "regular hours", "none on this day"
    if state.trade_date is not None:
        yield "CME trade date", f"{state.trade_date:%a %Y-%m-%d}"


def _kind(day: CalendarDay) -> str:
    if day.is_weekend:
        return "weekend"
    kind = "trading day" if day.session else "no session"
    name = f"holiday: {day.holiday}" if day.holiday else day.remark
    return f"{kind}, {name}" if name else kind


def _both(instant: datetime, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z} = {brief_text(instant)}"


def _cells(zone: tzinfo, found: MarketDay, today: date) -> tuple[str, ...]:
    day, session = found.calendar.day, found.calendar.session
    mark, note = "→" if day == today else "", ", ".join(_notes(zone, found.calendar))
    if session is None:
        return mark, f"{day:%a %Y-%m-%d}", "closed", "", "", "", "", note
    opens, closes = (f"{_clock(at, zone, day)} {at.astimezone(zone):%Z}" for at in (session.open, session.close))
    universal = f"{_clock(session.open, UTC, day)} {NONE} {_clock(session.close, UTC, day)}"
    cleared = f"{found.trade_date:%a %Y-%m-%d}" if found.trade_date not in (None, day) else ""
    return mark, f"{day:%a %Y-%m-%d}", opens, closes, universal, _regular(found.rth, zone), cleared, note


def _clock(instant: datetime, zone: tzinfo, day: date) -> str:
    local = instant.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == day else f"{local:%a %H:%M}"


def _regular(hours: RegularHours, zone: tzinfo) -> str:
    if hours.open is None or hours.close is None:
        return "none"
    return f"{hours.open.astimezone(zone):%H:%M} {NONE} {hours.close.astimezone(zone):%H:%M}"


def _notes(zone: tzinfo, day: CalendarDay) -> Iterator[str]:
    if name := day.holiday or day.remark:
        yield name
    if day.is_early_close:
        yield "early close"
    since = day.day - (3 if day.day.weekday() == 0 else 1) * ONE_DAY
    while since < day.day:
        before, since = since, since + ONE_DAY
        if change := _offset(since, zone) - _offset(before, zone):
            yield f"clocks go {'forward' if change > timedelta() else 'back'} on {since:%a %Y-%m-%d}"


def _offset(day: date, zone: tzinfo) -> timedelta:
    return datetime.combine(day, time(12), zone).utcoffset() or timedelta()


def _month_lines(market: Market, days: Sequence[MarketDay]) -> Iterator[str]:
    profile = market.profile
    if profile.pre_from is not None and profile.post_for is not None:
        after = span_text(profile.post_for // timedelta(seconds=1))
        yield f"Pre-market trading from {profile.pre_from:%H:%M}, post-market for {after} after the close."
    if days[-1].calendar.day > market.checked_until:
        yield (
            f"Holidays after {market.checked_until} follow from rules: they were not compared with the exchange's "
            "schedule yet."
        )
