"""What there is to analyse: sessions, files, terms and rolls of each symbol that is asked about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.inputs import BarFile, SymbolInput, Terms, TickFile
from app.analysis.question import Question
from app.instruments.models import TradingInstrument
from app.instruments.roll_history import breaks_between
from app.lake.layout import BARS, TICKS
from app.lake.manifest import list_files
from app.market.market import Market
from app.market.sessions import Session as Hours
from app.stores import Stores

_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=365)
# What comes after a session; markets do not pause for longer.
_FOLLOWING: Final = 2
_PAUSE: Final = timedelta(days=14)
# The small contracts on the same thing whose ticks Thor knows.
MICROS: Final[Mapping[str, str]] = MappingProxyType({"ES": "MES", "NQ": "MNQ", "YM": "MYM", "RTY": "M2K"})


def find_inputs(session: Session, stores: Stores, question: Question, asof: datetime) -> list[SymbolInput]:
    """What there is of each symbol of a question that was known at `asof`, in the question's order.

    A file that the manifest knows is there even when it is missing on the disk, which its reader will report; where the
    manifest knows none, what lies in the lake counts. Bars are told as far as the manifest knows them.
    """
    terms = _terms(session, question.symbols)
    return [_input(session, stores, question, symbol, terms.get(symbol), asof) for symbol in question.symbols]


def sessions_per_year(market: Market, day: date) -> float:
    """How many sessions a market had in the 365 days up to `day`, included."""
    return float(len(market.sessions(day - _YEAR + _DAY, day + _DAY)))


def _input(
    session: Session, stores: Stores, question: Question, symbol: str, terms: Terms | None, asof: datetime
) -> SymbolInput:
    market = stores.market_of(symbol)
    hours = tuple(one for one in market.sessions(question.start, question.end + _DAY) if one.open < asof)
    last_day = market.session_of(asof)
    begins, ends = (hours[0].open, min(hours[-1].close, asof)) if hours else (asof, asof)
    return SymbolInput(
        symbol=symbol,
        hours=hours,
        files=_files(session, stores, symbol, hours),
        terms=terms,
        sessions_per_year=sessions_per_year(market, last_day),
        breaks=tuple(breaks_between(session, symbol, begins, ends, question.parameters.source)),
        following=_following(market, hours),
        regular=tuple(_regular(market, hours)),
    )


def _following(market: Market, hours: Sequence[Hours]) -> tuple[Hours, ...]:
    if not hours:
        return ()
    after = hours[-1].day + _DAY
    return tuple(market.sessions(after, after + _PAUSE)[:_FOLLOWING])


def _regular(market: Market, hours: Sequence[Hours]) -> Iterator[Hours]:
    for one in hours:
        found = market.regular_hours(one.day, one.open)
        if found.open is None or found.close is None:
            continue
        begins, ends = max(found.open, one.open), min(found.close, one.close)
        # Where the regular hours are the session itself, its nights would be judged as its days.
        if begins < ends and (begins, ends) != (one.open, one.close):
            yield Hours(one.day, begins, ends)


def _files(session: Session, stores: Stores, symbol: str, hours: Sequence[Hours]) -> tuple[TickFile, ...]:
    if not hours:
        return ()
    start, end = hours[0].day, hours[-1].day + _DAY
    root = stores.lake.root
    found = {one.day: TickFile(one.day, one.path) for one in stores.lake.ticks_files(start, end, {symbol})} | {
        row.session_date: TickFile(row.session_date, root / row.path, row.sha256, row.rows)
        for row in list_files(session, start, end, TICKS, {symbol})
    }
    bars = {
        row.session_date: BarFile(root / row.path, row.sha256, row.rows)
        for row in list_files(session, start, end, BARS, {symbol}, "1m")
    }
    days = {one.day for one in hours}
    return tuple(replace(found[day], bars=bars.get(day)) for day in sorted(found) if day in days)


def _terms(session: Session, symbols: Sequence[str]) -> dict[str, Terms]:
    wanted = {*symbols, *(MICROS[symbol] for symbol in symbols if symbol in MICROS)}
    rows = {
        row.symbol: row
        for row in session.scalars(select(TradingInstrument).where(TradingInstrument.symbol.in_(wanted)))
    }
    return {symbol: _terms_of(rows[symbol], rows.get(MICROS.get(symbol, ""))) for symbol in symbols if symbol in rows}


def _terms_of(row: TradingInstrument, small: TradingInstrument | None) -> Terms:
    micro = None if small is None else (small.symbol, float(small.multiplier))
    return Terms(float(row.tick_size), float(row.multiplier), row.currency, micro)
