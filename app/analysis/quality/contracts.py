"""On which trading days a symbol's contract changed, as far as its ticks and its known breaks tell."""

from collections.abc import Sequence
from datetime import date, datetime

from app.analysis.inputs import SymbolInput
from app.analysis.quality.sessions import CountedSession
from app.instruments.rolls import Run, changes
from app.market.timetable import instant_of


def contract_changes(wanted: SymbolInput, sessions: Sequence[CountedSession]) -> tuple[date, ...]:
    """The trading days with the first tick of another contract, each once, in order."""
    runs = [
        Run(contract, instant_of(first), instant_of(last))
        for session in sessions
        for contract, first, last in session.counts.contracts
    ]
    told = [change.first_ts for change in changes(wanted.symbol, None, runs) if change.kind != "first"]
    told += [one.first_ts for one in wanted.breaks]
    return tuple(sorted({day for at in told if (day := _day_of(at, sessions)) is not None}))


def _day_of(at: datetime, sessions: Sequence[CountedSession]) -> date | None:
    # None for what lies before the first session, or is not known yet.
    if not sessions or at < sessions[0].hours.open or at >= sessions[-1].asof:
        return None
    return next((session.day for session in sessions if at < session.hours.close), None)
