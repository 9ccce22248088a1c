"""Whether a symbol's ticks can carry an analysis, and why not."""

from dataclasses import dataclass
from datetime import date, datetime

from app.analysis.document import Verdict
from app.analysis.findings import Tree
from app.analysis.inputs import SymbolData, SymbolInput
from app.analysis.keeping import Keep
from app.analysis.quality.contracts import contract_changes
from app.analysis.quality.counted_sessions import count_sessions
from app.analysis.quality.quality_tree import quality_tree
from app.analysis.quality.verdict import judge
from app.lake.layout import Lake


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
    no fault), `sessions`, `rules` (a figure for each) and `by_session`. Errors as of `count_sessions`.

    With `fallback`, which has the bars of that source, sessions whose files are missing or damaged are told as known by
    their bars alone, or as left out where there are none.
    """
    sessions = count_sessions(lake, wanted, asof, source, cache, fallback)
    changed = contract_changes(wanted, sessions)
    verdict, reasons = judge(sessions, source)
    scheduled = {hours.day for hours in wanted.hours}
    unscheduled = [file.day for file in wanted.files if file.day not in scheduled]
    tree = quality_tree(sessions, changed, verdict, reasons, asof, source, unscheduled)
    return Quality(verdict, reasons, tree, tuple(one.day for one in sessions if one.known_by == "bars"))
