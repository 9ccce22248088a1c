"""A symbol's bars, loaded from its files: verified, of one source, and as they were known at an instant."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl

from app.analysis.bars import TIMEFRAMES
from app.analysis.data.bar_minutes import unsure_breaks
from app.analysis.data.reading import FileOfSession, Origin, Say, SessionMinutes, read_files
from app.analysis.data.resampling import resample
from app.analysis.data.segments import segmented
from app.analysis.data.tick_days import MINUTES
from app.analysis.inputs import SymbolData, SymbolInput
from app.analysis.keeping import Keep
from app.clock import instant_text
from app.errors import Rejected
from app.instruments.rolls import Break
from app.lake.layout import Lake
from app.market.sessions import Session


def load_symbol(
    lake: Lake,
    wanted: SymbolInput,
    asof: datetime,
    source: str | None = None,
    cache: Keep | None = None,
    say: Say | None = None,
    *,
    threads: int | None = None,
    fallback: bool = False,
) -> SymbolData:
    """The bars of a symbol in every timeframe, as they were known at `asof`; its files lie in the lake.

    All are of one source: the one asked for, else the one with prices in the most sessions, of several the one with the
    most ticks. A tick counts if it lies in a session of the input and in a minute that was over at `asof`. Prices and
    volumes are those of `app.history.bar_query`, as float64; without any tick the frames are empty and the source is
    blank. `say` hears how far the reading of files is. `threads` for DuckDB is the machine's unless told.

    Rejected when the asked source has no ticks though others have; Conflict, with the trading day and what to do, when
    a file is missing or damaged; Unavailable when one cannot be read or needs too much memory. With `fallback` there is
    no Conflict: a day's recorded bars stand in for its ticks, or it is left out, and both are told.
    """
    files = _files(wanted, _begun(wanted, asof))
    read = read_files(lake, files, asof, cache, say or _say_nothing, threads, fallback=fallback)
    return _loaded(wanted, files, read, asof, source)


def _loaded(
    wanted: SymbolInput,
    files: Sequence[FileOfSession],
    read: Sequence[SessionMinutes],
    asof: datetime,
    asked: str | None,
) -> SymbolData:
    begun = _begun(wanted, asof)
    minutes = pl.concat([pl.DataFrame(schema=MINUTES), *(one.minutes for one in read)])
    ticks = dict(minutes.group_by("source").agg(pl.col("tick_count").sum()).sort("source").iter_rows())
    chosen = _choose(minutes, ticks, wanted.symbol, asked)
    from_bars = _days_from("bars", files, read)
    return SymbolData(
        symbol=wanted.symbol,
        source=chosen,
        asof=asof,
        hours=begun,
        sessions_per_year=wanted.sessions_per_year,
        bars=_bars(minutes.filter(pl.col("source") == chosen), wanted.breaks, from_bars, begun, asof),
        terms=wanted.terms,
        ticks=ticks.get(chosen, 0),
        data_hash=_hash_of(wanted, chosen, files, read, asof),
        others={name: count for name, count in ticks.items() if name != chosen},
        following=(*wanted.hours[len(begun) :], *wanted.following),
        from_bars=from_bars,
        left_out=_days_from("nothing", files, read),
    )


def _begun(wanted: SymbolInput, asof: datetime) -> tuple[Session, ...]:
    return tuple(one for one in wanted.hours if one.open < asof)


def _files(wanted: SymbolInput, hours: Sequence[Session]) -> list[FileOfSession]:
    by_day = {file.day: file for file in wanted.files}
    return [FileOfSession(wanted.symbol, by_day[one.day], one) for one in hours if one.day in by_day]


def _days_from(origin: Origin, files: Sequence[FileOfSession], read: Sequence[SessionMinutes]) -> tuple[date, ...]:
    return tuple(one.hours.day for one, found in zip(files, read, strict=True) if found.origin == origin)


def _bars(
    minutes: pl.DataFrame,
    breaks: Sequence[Break],
    from_bars: Sequence[date],
    hours: Sequence[Session],
    asof: datetime,
) -> dict[str, pl.DataFrame]:
    priced = minutes.filter(pl.col("open").is_not_null())
    bars = segmented(priced, [*breaks, *unsure_breaks(priced, from_bars)])
    return {name: bars if name == "1m" else resample(bars, name, hours, asof) for name in TIMEFRAMES}


def _choose(minutes: pl.DataFrame, ticks: Mapping[str, int], symbol: str, asked: str | None) -> str:
    if not ticks:
        return ""
    if asked is not None and asked in ticks:
        return asked
    if asked is not None:
        raise Rejected(f"{asked} has no ticks of {symbol} in that range: there are those of {', '.join(ticks)}")
    priced = minutes.filter(pl.col("open").is_not_null())
    sessions = dict(priced.group_by("source").agg(pl.col("session_date").n_unique()).iter_rows())
    return max(ticks, key=lambda name: (sessions.get(name, 0), ticks[name]))


def _hash_of(
    wanted: SymbolInput, source: str, files: Sequence[FileOfSession], read: Sequence[SessionMinutes], asof: datetime
) -> str:
    is_cut = any(one.open < asof < one.close for one in wanted.hours)
    named = [
        (
            one.hours.day.isoformat(),
            _name_of(one, found, asof),
            instant_text(one.hours.open),
            instant_text(one.hours.close),
        )
        for one, found in zip(files, read, strict=True)
        if found.origin != "nothing"
    ]
    breaks = [(instant_text(one.last_ts), instant_text(one.first_ts)) for one in wanted.breaks]
    told = [wanted.symbol, source, named, breaks, instant_text(asof) if is_cut else None]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _name_of(one: FileOfSession, found: SessionMinutes, asof: datetime) -> str:
    name = found.sha256
    if one.hours.close > asof:
        # The bytes of a file also tell what came after the as-of.
        name = hashlib.sha256(json.dumps(found.minutes.rows(), default=str).encode()).hexdigest()
    return name if found.origin == "ticks" else f"{found.origin} {name}"


def _say_nothing(_: str, __: float) -> None:
    pass
