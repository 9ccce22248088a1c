"""Commands that see to the opens and closes of markets by hand: the timetable, triggers, and what was missed."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from threading import Event
from typing import Final

import click

from app.cli.console import EXIT_REFUSED, Seconds, command, console
from app.cli.stopping import at_work
from app.clock import parse_day, parse_instant
from app.desk.events import EventKey, EventName, find_event
from app.errors import Conflict, Rejected
from app.market.market import Market
from app.operations.closing import Closed, backfill_session, close_session, describe_close, require_over
from app.operations.desk import watched_markets
from app.operations.event_plan import BeginClose, CloseSession, OpenSession, PlanEvent, SkipEvent
from app.operations.foreground import in_foreground
from app.operations.opening import describe_open, open_session, require_session
from app.operations.supervising import hours_wishes
from app.operations.tick import market_tick
from app.operations.tick_doing import do_step
from app.operations.tick_steps import RestartCollector, StartCollector, Step, UnwantSource, WantSource
from app.runtime import Runtime, runtime

_WhichDay = Callable[[Market, datetime], date]
_NEWS: Final = (
    PlanEvent,
    SkipEvent,
    OpenSession,
    BeginClose,
    CloseSession,
    WantSource,
    UnwantSource,
    RestartCollector,
    StartCollector,
)

market_option = click.option("--market", "name", metavar="NAME", help="One market (default: all watched ones).")
day_option = click.option("--date", "day", metavar="YYYY-MM-DD", help="The session's date.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
at_option = click.option("--at", metavar="INSTANT", help="With --dry-run: take this instant for now.")


@command("market-monitor")
@click.option("--every", type=Seconds(1, 60), default=15.0, show_default=True, help="Seconds between looks.")
def market_monitor(every: float) -> None:
    """See to opens and closes in the foreground, without beat, until Ctrl-C.

    The same timetable as that of `flask up`: it may run beside it, and everything is still done once. Closing a session
    (storing, balancing, exporting, certifying) happens in this process; collectors and ingest run in the workers.
    """
    rt, stop = in_foreground(runtime()), Event()
    with rt.sessions() as session:
        markets = watched_markets(rt, session)
    for market in markets:
        console.print(_standing(market, rt.clock.now()))
    with at_work(stop):
        while not stop.is_set():
            for step in market_tick(rt, rt.tick_policy):
                if isinstance(step, _NEWS):
                    console.print(f"{rt.clock.now():%Y-%m-%d %H:%M:%S} UTC  {_said(step)}")
            stop.wait(every)


@command("trigger-market-open")
@market_option
@day_option
@dry_run_option
@at_option
def trigger_market_open(name: str | None, day: str | None, dry_run: bool, at: str | None) -> None:
    """Open the running session now, as the timetable does: baseline, stale quotes, snapshot, collectors, ingest.

    Doing it again changes nothing. Refused while the market is closed; --dry-run prints the plan at any time.

    \b
    flask trigger-market-open --dry-run
    flask trigger-market-open --market CME_Futures
    """
    rt = _at_hand(at, dry_run)
    chosen = list(_chosen(rt, name, day, _coming_day))
    if dry_run:
        for market, on in chosen:
            _print_plan(rt, market, on, "open", describe_open(rt, market.name, on))
        return
    for market, on in chosen:
        _require_running(rt, market, on)
    for market, on in chosen:
        ending = open_session(rt, market.name, on)
        for step in hours_wishes(rt, rt.tick_policy):
            do_step(rt, rt.tick_policy, step)
        console.print(f"{market.name} on {on}: {'was open before' if ending is None else f'opened ({ending})'}")


@command("trigger-market-close")
@market_option
@day_option
@dry_run_option
@at_option
def trigger_market_close(name: str | None, day: str | None, dry_run: bool, at: str | None) -> None:
    """Close the last session now, as the timetable does: store, balance, export, certify, complete the snapshot.

    Doing it again changes nothing. Refused while the session runs; --dry-run prints the plan at any time. Ends with 3
    when the session cannot be certified.

    \b
    flask trigger-market-close --dry-run
    flask trigger-market-close --date=2025-10-09
    """
    rt = _at_hand(at, dry_run)
    chosen = list(_chosen(rt, name, day, _closing_day))
    if dry_run:
        for market, on in chosen:
            _print_plan(rt, market, on, "close", describe_close(rt, market.name, on))
        return
    for market, on in chosen:
        require_over(rt, market.name, on)
    done = [_print_closed(market, on, close_session(rt, market.name, on, _tell)) for market, on in chosen]
    sys.exit(EXIT_REFUSED if "failed" in done else 0)


@command("backfill-session")
@click.option("--date", "day", metavar="YYYY-MM-DD", required=True, help="The session's date.")
@market_option
def backfill(day: str, name: str | None) -> None:
    """Make whatever of a past session is missing: snapshot, export, bars, certificate.

    What is there and right stays as it is; the certificate is made anew. Ends with 3 when the session cannot be
    certified.

    \b
    flask backfill-session --date=2025-10-09
    """
    rt = runtime()
    chosen = list(_chosen(rt, name, day, _closing_day))
    for market, on in chosen:
        require_over(rt, market.name, on)
    done = [_print_closed(market, on, backfill_session(rt, market.name, on, _tell)) for market, on in chosen]
    sys.exit(EXIT_REFUSED if "failed" in done else 0)


def _at_hand(at: str | None, dry_run: bool) -> Runtime:
    rt = runtime()
    if at is None:
        return rt
    if not dry_run:
        raise Rejected("--at changes what is planned, not what is done: give it together with --dry-run")
    return replace(rt, clock=_Standing(parse_instant(at)))


class _Standing:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def _chosen(
    rt: Runtime, name: str | None, day: str | None, default: Callable[[Market, datetime], date]
) -> Iterator[tuple[Market, date]]:
    if name is not None:
        market = rt.markets.named(name)
        on = parse_day(day) if day is not None else default(market, rt.clock.now())
        require_session(rt, market.name, on)
        yield market, on
        return
    with rt.sessions() as session:
        markets = watched_markets(rt, session)
    asked = parse_day(day) if day is not None else None
    found = [(market, asked or default(market, rt.clock.now())) for market in markets]
    traded = [(market, on) for market, on in found if market.session(on)]
    if not traded:
        require_session(rt, rt.market.name, found[0][1])
    yield from traded


def _coming_day(market: Market, now: datetime) -> date:
    present = market.session(market.session_of(now))
    if present is not None and now < present.close:
        return present.day
    return market.window_of(market.window_of(now).end).day


def _closing_day(market: Market, now: datetime) -> date:
    if market.is_open(now):
        return market.session_of(now)
    [closed] = market.last_completed(now, 1)
    return closed.day


def _require_running(rt: Runtime, market: Market, day: date) -> None:
    hours, now = require_session(rt, market.name, day), rt.clock.now()
    if now < hours.open:
        raise Conflict(f"{market.name} opens at {hours.open:%Y-%m-%d %H:%M} UTC on {day}, and is opened by itself then")
    if now >= hours.close:
        raise Conflict(f"the session of {market.name} on {day} is over: use `flask backfill-session --date={day}`")


def _print_plan(rt: Runtime, market: Market, day: date, event: EventName, lines: Sequence[str]) -> None:
    hours = require_session(rt, market.name, day)
    with rt.sessions() as session:
        known = find_event(session, EventKey(market.name, day, event))
    status = known.status if known else "not planned yet"
    due = hours.open if event == "open" else hours.close
    console.print(f"{market.name}: {event} of {day}, due {due:%Y-%m-%d %H:%M} UTC, {status}")
    for number, line in enumerate(lines, start=1):
        console.print(f"  {number}. {line}")


def _print_closed(market: Market, day: date, closed: Closed) -> str:
    certificate = closed.certificate
    state = "was closed before" if closed.ending is None else f"closed ({closed.ending})"
    figures = certificate.figures
    console.print(
        f"{market.name} on {day}: {state}, certificate {certificate.verdict}: {figures['ticks']:,} ticks of "
        f"{figures['symbols']:,} symbols, {figures['present_minutes']:,} of {figures['expected_minutes']:,} minutes, "
        f"{len(certificate.files):,} files"
    )
    for reason in certificate.reasons:
        console.print(f"  - {reason}")
    return certificate.verdict


def _tell(text: str) -> None:
    console.print(f"  {text}")


def _standing(market: Market, now: datetime) -> str:
    state = market.state_at(now)
    coming = state.next_transition
    return f"{market.name} is {state.status}, {coming.type} at {coming.at:%Y-%m-%d %H:%M} UTC"


def _said(step: Step) -> str:
    match step:
        case PlanEvent(key, due_at):
            return f"planned: {key.event} of {key.market} on {key.day}, due {due_at:%Y-%m-%d %H:%M} UTC"
        case SkipEvent(key, reason):
            return f"skipped: {key.event} of {key.market} on {key.day}: {reason}"
        case OpenSession(market, on):
            return f"open: {market} on {on}"
        case BeginClose(market, on):
            return f"close: {market} on {on}"
        case CloseSession(market, on):
            return f"complete: {market} on {on}"
        case WantSource(source):
            return f"wanted: {source}"
        case UnwantSource(source):
            return f"not wanted any more: {source}"
        case RestartCollector(source):
            return f"started again, being silent: {source}"
        case _:
            return f"started: {getattr(step, 'source', step)}"


COMMANDS = (market_monitor, trigger_market_open, trigger_market_close, backfill)
