"""Whether a symbol's ticks can carry an analysis, and why not."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from app.analysis.document import Verdict
from app.analysis.findings import Tree
from app.analysis.inputs import SymbolData, SymbolInput
from app.analysis.keeping import Keep
from app.analysis.quality.contracts import contract_changes
from app.analysis.quality.minute_counts import counts_of_minutes
from app.analysis.quality.quality_tree import quality_tree
from app.analysis.quality.reading import read_counts
from app.analysis.quality.sessions import CountedSession
from app.analysis.quality.verdict import judge
from app.lake.layout import Lake
from app.market.sessions import Session


@dataclass(frozen=True)
class Quality:
    """The verdict on a symbol's data; `reasons` are sentences, none when it is ok. `tree` has the figures.

    `from_bars` are the trading days whose ticks were not checked, since they are damaged or lost.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    tree: Tree
    from_bars: tuple[date, ...] = ()


def check_quality(
    lake: Lake,
    wanted: SymbolInput,
    asof: datetime,
    source: str,
    cache: Keep | None = None,
    fallback: SymbolData | None = None,
) -> Quality:
    """Check one source's ticks before `asof` against the calendar, the contract's terms and the records of the lake.

    In the regular hours of the input gaps are judged more strictly. The tree has `verdict`, `reasons`, `notes` (what is
    no fault), `sessions`, `rules` (a figure for each) and `by_session`. Errors as of `read_counts`.

    With `fallback`, which has the bars of that source, a missing or damaged file is no Conflict: its session counts by
    its minutes, and is told as known by them alone, or as left out where there are none.
    """
    sessions = _counted(lake, wanted, asof, source, cache, fallback)
    changed = contract_changes(wanted, sessions)
    verdict, reasons = judge(sessions, source)
    scheduled = {hours.day for hours in wanted.hours}
    unscheduled = [file.day for file in wanted.files if file.day not in scheduled]
    tree = quality_tree(sessions, changed, verdict, reasons, asof, source, unscheduled)
    return Quality(verdict, reasons, tree, tuple(one.day for one in sessions if one.known_by == "bars"))


def _counted(
    lake: Lake, wanted: SymbolInput, asof: datetime, source: str, cache: Keep | None, fallback: SymbolData | None
) -> tuple[CountedSession, ...]:
    unread = () if fallback is None else (*fallback.from_bars, *fallback.left_out)
    files = {file.day: file for file in wanted.files if file.day not in unread}
    regular = {hours.day: hours for hours in wanted.regular}
    sound = replace(wanted, files=tuple(files.values()))
    counts = read_counts(lake, sound, asof, source, cache, regular, skip_damaged=fallback is not None)

    def counted(hours: Session) -> CountedSession:
        if hours.day in counts:
            return CountedSession(hours, asof, counts[hours.day], files[hours.day].rows)
        if fallback is None or hours.day not in (*files, *unread):
            return CountedSession(hours, asof)
        if hours.day in fallback.left_out:
            return CountedSession(hours, asof, known_by="nothing")
        minutes = counts_of_minutes(fallback.frame("1m"), hours, regular.get(hours.day), asof)
        return CountedSession(hours, asof, minutes, known_by="bars")

    return tuple(counted(hours) for hours in wanted.hours if hours.open < asof)
