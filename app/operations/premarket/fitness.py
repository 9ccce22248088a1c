"""Which data a stage finds of each symbol, and what of that has to be told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app.clock import instant_text
from app.lake.layout import BARS, TICKS
from app.lake.manifest import list_files
from app.lake.models import LakeFile
from app.ledger.balance import read_balances
from app.operations.lake_states import BROKEN, Context, state_of
from app.operations.premarket.stage_data import Need
from app.stores import Stores

MINUTES: Final = "1m"
DAYS_SHOWN: Final = 3
SYMBOLS_SHOWN: Final = 8
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class SymbolFacts:
    """What there is of a symbol: the `sessions` over that its market had since the first of it, those with sound
    `ticks`, those whose ticks are `lost`, and those that have `bars` of a minute.

    `begins` is the first day of it, that of the range where it is older; a desk has no days from before it was there.

    `running` is whether its session of the present day has begun, `last_tick` the last one in that day's file. `source`
    is the one that stored ticks on the most days, None where nobody counted.
    """

    symbol: str
    begins: date
    sessions: tuple[date, ...]
    ticks: frozenset[date]
    lost: frozenset[date]
    bars: frozenset[date]
    running: bool = False
    last_tick: datetime | None = None
    source: str | None = None

    @property
    def missing(self) -> tuple[date, ...]:
        """The sessions of which there never was a file, in order."""
        return tuple(day for day in self.sessions if day not in self.ticks | self.lost)

    @property
    def is_without_data(self) -> bool:
        """Whether there is nothing to analyse."""
        return not self.ticks and not self.lost & self.bars and self.last_tick is None


def gather_symbols(stores: Stores, need: Need) -> list[SymbolFacts]:
    """What there is of each symbol that is needed, in their order, as the manifest and the ledger know it."""
    after = need.today + _DAY
    with stores.sessions() as session:
        ticks = list_files(session, need.start, after, TICKS, need.symbols)
        bars = list_files(session, need.start, after, BARS, need.symbols, MINUTES)
        sources = _sources(session, need)
    unrecorded = {(one.symbol, one.day) for one in stores.lake.ticks_files(need.start, after, {*need.symbols})}
    lost = {(row.symbol, row.session_date) for row in ticks if _is_broken(stores, row)}
    sound = {(row.symbol, row.session_date) for row in ticks} | unrecorded
    kept = {(row.symbol, row.session_date) for row in bars if not _is_broken(stores, row)}
    todays = {row.symbol: row.max_ts for row in ticks if row.session_date == need.today and row.min_ts <= need.asof}
    found = []
    for symbol in need.symbols:
        hours = stores.market_of(symbol).sessions(need.start, after)
        days = (_days_of(symbol, sound - lost), _days_of(symbol, lost), _days_of(symbol, kept))
        begins = min((*days[0], *days[1]), default=need.start)
        over = tuple(one.day for one in hours if one.close <= need.asof and one.day >= begins)
        running = any(one.open <= need.asof < one.close for one in hours)
        found.append(SymbolFacts(symbol, begins, over, *days, running, todays.get(symbol), sources.get(symbol)))
    return found


def tell_symbols(found: Sequence[SymbolFacts]) -> list[str]:
    """What is not as it should be with the data of symbols, the gravest first; those that share it in one line.

    Of which source they are is told once it is known which was analysed.
    """
    silent = [one.symbol for one in found if one.running and one.last_tick is None]
    return [
        *([f"{_named(silent)} {_verb(silent, 'has', 'have')} no tick of the running session"] if silent else []),
        *_grouped(found, _lost_text),
        *_grouped(found, _missing_text),
    ]


def facts_form(one: SymbolFacts, preferred: Sequence[str]) -> dict[str, Any]:
    """What is known of a symbol as JSON has it; days and instants as text."""
    return {
        "begins": one.begins.isoformat(),
        "sessions": len(one.sessions),
        "files": len(one.ticks),
        "missing": [day.isoformat() for day in one.missing],
        "damaged": [day.isoformat() for day in sorted(one.lost)],
        "with_bars": [day.isoformat() for day in sorted(one.lost & one.bars)],
        "source": one.source,
        "preferred": None if one.source is None else one.source in preferred,
        "last_tick": None if one.last_tick is None else instant_text(one.last_tick),
    }


def days_text(days: Sequence[date]) -> str:
    """Days for a person: all of them where they are few, else how many there are between the first and the last."""
    if len(days) <= DAYS_SHOWN:
        return ", ".join(map(str, days))
    return f"{len(days)} days from {days[0]} to {days[-1]}"


def _sources(session: Session, need: Need) -> dict[str, str]:
    days = [need.start + number * _DAY for number in range((need.today - need.start).days + 1)]
    stored: dict[str, dict[str, tuple[int, int]]] = {}
    for one in read_balances(session, days).values():
        if one.stored and one.symbol in need.symbols:
            by_source = stored.setdefault(one.symbol, {})
            sessions, ticks = by_source.get(one.source, (0, 0))
            by_source[one.source] = (sessions + 1, ticks + one.stored)
    return {symbol: max(counts, key=lambda source: counts[source]) for symbol, counts in stored.items()}


def _is_broken(stores: Stores, row: LakeFile) -> bool:
    state, _ = state_of(stores.lake, row, Context(0, row, None))
    return state in BROKEN


def _days_of(symbol: str, parts: Collection[tuple[str, date]]) -> frozenset[date]:
    return frozenset(day for one, day in parts if one == symbol)


def _grouped(found: Sequence[SymbolFacts], text: Callable[[SymbolFacts], tuple[str, str] | None]) -> list[str]:
    together: dict[tuple[str, str], list[str]] = {}
    for one in found:
        if (told := text(one)) is not None:
            together.setdefault(told, []).append(one.symbol)
    return [f"{_named(symbols)} {_verb(symbols, *forms)}" for forms, symbols in together.items()]


def _lost_text(one: SymbolFacts) -> tuple[str, str] | None:
    parts: Mapping[str, list[date]] = {
        "used as one-minute bars": sorted(one.lost & one.bars),
        "left out": sorted(one.lost - one.bars),
    }
    told = "; ".join(f"{days_text(days)} ({how})" for how, days in parts.items() if days)
    return (f"has lost the ticks of {told}", f"have lost the ticks of {told}") if told else None


def _missing_text(one: SymbolFacts) -> tuple[str, str] | None:
    if not one.missing:
        return None
    told = f"{days_text(one.missing)} of {len(one.sessions)} sessions"
    return f"lacks {told}", f"lack {told}"


def _verb(symbols: Sequence[str], one: str, several: str) -> str:
    return one if len(symbols) == 1 else several


def _named(symbols: Sequence[str]) -> str:
    more = len(symbols) - SYMBOLS_SHOWN
    return ", ".join(symbols[:SYMBOLS_SHOWN]) + (f" and {more} more" if more > 0 else "")
