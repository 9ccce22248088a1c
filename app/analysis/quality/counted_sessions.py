"""The sessions of a symbol with what was counted of each: in its ticks, or in the bars that stand in for them."""

from dataclasses import replace
from datetime import datetime

from app.analysis.inputs import SymbolData, SymbolInput
from app.analysis.keeping import Keep
from app.analysis.quality.minute_counts import counts_of_minutes
from app.analysis.quality.reading import read_counts
from app.analysis.quality.sessions import NO_FILE, CountedSession
from app.lake.layout import Lake
from app.market.sessions import Session


def count_sessions(
    lake: Lake, wanted: SymbolInput, asof: datetime, source: str, cache: Keep | None, fallback: SymbolData | None
) -> tuple[CountedSession, ...]:
    """The sessions that had begun at `asof`, in order. Without `fallback` errors are those of `read_counts`.

    With it, which has what was loaded of that source, a missing or damaged file is no Conflict: its session is known by
    the bars alone that were loaded, or by nothing where it was left out. A file that is found so only here, because its
    minutes were kept from before, counts by these as by bars.
    """
    unread = () if fallback is None else (*fallback.from_bars, *fallback.left_out)
    read = replace(wanted, files=tuple(file for file in wanted.files if file.day not in unread))
    regular = {hours.day: hours for hours in wanted.regular}
    counts = read_counts(lake, read, asof, source, cache, regular, skip_damaged=fallback is not None)
    recorded = {file.day: file.rows for file in wanted.files}
    return tuple(
        CountedSession(hours, asof, counts.get(hours.day, NO_FILE), recorded.get(hours.day))
        if fallback is None or hours.day in counts or hours.day not in recorded
        else _of_bars(fallback, hours, regular.get(hours.day), asof)
        for hours in wanted.hours
        if hours.open < asof
    )


def _of_bars(data: SymbolData, hours: Session, regular: Session | None, asof: datetime) -> CountedSession:
    if hours.day in data.left_out:
        return CountedSession(hours, asof, known_by="nothing")
    return CountedSession(hours, asof, counts_of_minutes(data.frame("1m"), hours, regular, asof), known_by="bars")
