"""Commands that tell what markets do, and when."""

import calendar
import json
import sys
from datetime import date, datetime
from typing import Any, Final

import click

from app.cli.console import EXIT_BAD_INPUT, command, fail
from app.cli.export import at_option
from app.cli.market_tables import print_month, print_session
from app.cli.wording import counted
from app.clock import parse_day, parse_instant
from app.errors import Rejected
from app.market.market import Market
from app.operations.market_days import market_days
from app.operations.market_forms import calendar_form, session_form
from app.runtime import Runtime, runtime

FROM_INPUT: Final = "-"

market_option = click.option("--market", "name", metavar="NAME", help="Which market [default: the desk's, MARKET].")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command("session")
@market_option
@click.option("--at", metavar="INSTANT", help="Take this instant for now, such as 2025-10-09T21:00:00Z; - reads many.")
@json_option
def show_session(name: str | None, at: str | None, as_json: bool) -> None:
    """Tell what a market does: its status, until when, what comes next, and its trading day. Asks no server.

    With --at=- it reads instants from standard input, one in a line, and prints one line of JSON for each, in order,
    with the fields of GET /api/session. Empty lines are left out. For a line that is no instant of the calendar it
    prints {"line": 7, "error": "…"} and goes on, and ends with 2.

    \b
    flask session
    flask session --market=US_Equity --at=2025-07-03T17:00:00Z --json
    cut -d, -f1 trades.csv | flask session --at=-
    """
    rt = runtime()
    market = _market(rt, name)
    if at == FROM_INPUT:
        _answer_input(market)
        return
    state = market.state_at(parse_instant(at) if at is not None else rt.clock.now())
    if as_json:
        click.echo(json.dumps(session_form(state), indent=2))
    else:
        print_session(state)


@command("calendar")
@click.option("--month", metavar="YYYY-MM", help="Which month [default: the present one].")
@market_option
@at_option
@json_option
def show_calendar(month: str | None, name: str | None, at: str | None, as_json: bool) -> None:
    """Show a month of a market: opens and closes, holidays, early closes, clock changes. Asks no server.

    Rows are trading days, Monday to Friday; the hours are the market's own, with UTC beside them. A trade date is shown
    where CME clears the session under another day. JSON has the fields of GET /api/sessions.

    \b
    flask calendar --month=2025-11
    flask calendar --market=US_Equity --json
    """
    rt = runtime()
    market, now = _market(rt, name), parse_instant(at) if at is not None else rt.clock.now()
    first, last = _month(month, _present_day(market, now))
    days = market_days(market, first, last)
    if as_json:
        click.echo(json.dumps(calendar_form(market, days), indent=2))
    else:
        print_month(market, days, market.state_at(now).today.day)


def _market(rt: Runtime, name: str | None) -> Market:
    return rt.markets.named(name) if name is not None else rt.market


def _answer_input(market: Market) -> None:
    if sys.stdin is None:
        raise Rejected("standard input is closed: --at=- reads instants from it")
    bad = lines = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if text := line.decode("utf-8-sig", "replace").strip():
            answer = _answer(market, number, text)
            lines, bad = lines + 1, bad + ("error" in answer)
            click.echo(json.dumps(answer))
    if bad:
        fail(f"{bad:,} of {counted(lines, 'line')} could not be answered", EXIT_BAD_INPUT)


def _answer(market: Market, number: int, text: str) -> dict[str, Any]:
    try:
        return session_form(market.state_at(parse_instant(text)))
    except Rejected as error:
        return {"line": number, "error": str(error)}


def _present_day(market: Market, now: datetime) -> date:
    try:
        return now.astimezone(market.timezone).date()
    except OverflowError:
        raise Rejected(f"{now.isoformat()} is outside the calendar") from None


def _month(text: str | None, today: date) -> tuple[date, date]:
    first = today.replace(day=1) if text is None else _first_day(text)
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _first_day(month: str) -> date:
    try:
        return parse_day(f"{month}-01")
    except Rejected:
        raise Rejected(f"{month[:40]!r} is not a month of the form YYYY-MM") from None


COMMANDS = (show_session, show_calendar)
