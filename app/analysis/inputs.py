"""What the analysis is given: files and facts from whoever asks, and the bars of a symbol once they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

from app.analysis.bars import BAR_SCHEMA
from app.analysis.findings import Basis
from app.instruments.rolls import Break
from app.market.sessions import Session


@dataclass(frozen=True, slots=True)
class Terms:
    """What a symbol's contract is: the size of a tick in points, what a point is worth, and its currency.

    `micro` names the symbol of the small contract on the same thing with what its point is worth, None without one.
    """

    tick_size: float
    multiplier: float
    currency: str = "USD"
    micro: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class BarFile:
    """A file of the one-minute bars of a trading day; `sha256` and `rows` are what its publisher recorded."""

    path: Path
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class TickFile:
    """A file of ticks; `sha256` and `rows` are what its publisher recorded, None where nobody did.

    `bars` are those that were made of the same ticks, None where none are recorded.
    """

    day: date
    path: Path
    sha256: str | None = None
    rows: int | None = None
    bars: BarFile | None = None


@dataclass(frozen=True)
class SymbolInput:
    """All that there is of a symbol in a range: its sessions by the calendar, and its files, each in order of days.

    A session may lack its file: that is a hole. `breaks` are changes of the contract that ticks do not tell themselves.
    `terms` is None for a symbol of which nothing is known. `following` are the next two sessions after the last of
    `hours`, by the same calendar; `regular` are the regular hours within sessions, none where the market has no others.
    """

    symbol: str
    hours: tuple[Session, ...]
    files: tuple[TickFile, ...]
    terms: Terms | None
    sessions_per_year: float
    breaks: tuple[Break, ...] = ()
    following: tuple[Session, ...] = ()
    regular: tuple[Session, ...] = ()


@dataclass(frozen=True)
class SymbolData:
    """A symbol's bars of one source by timeframe, none of which closed after `asof`; frames have BAR_SCHEMA.

    `hours` are the sessions of the range that had begun, with or without data, `following` those after them. `ticks`
    counts what was read, `data_hash` names the files, what was known of one that is cut, and the source. `others`
    counts the ticks of sources that were not chosen. Where damaged or lost files were allowed, `from_bars` are the
    trading days whose bars stand in for their ticks, `left_out` those of which nothing could be used.
    """

    symbol: str
    source: str
    asof: datetime
    hours: tuple[Session, ...]
    sessions_per_year: float
    bars: Mapping[str, pl.DataFrame]
    terms: Terms | None = None
    ticks: int = 0
    data_hash: str = ""
    others: Mapping[str, int] = field(default_factory=dict)
    following: tuple[Session, ...] = ()
    from_bars: tuple[date, ...] = ()
    left_out: tuple[date, ...] = ()

    def frame(self, timeframe: str) -> pl.DataFrame:
        """The bars of a timeframe, maybe none."""
        return self.bars.get(timeframe, pl.DataFrame(schema=dict(BAR_SCHEMA)))

    def basis(self, timeframe: str) -> Basis:
        """What figures of a timeframe have in common: the bars' span and the as-of."""
        bars = self.frame(timeframe)
        if not len(bars):
            return Basis(f"no {timeframe} bars", self.asof)
        first, last = bars["session_date"][0], bars["session_date"][-1]
        return Basis(f"{len(bars):,} bars of {timeframe}, {first} to {last}", self.asof)
