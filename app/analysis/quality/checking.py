"""Whether a symbol's ticks can carry an analysis, and why not."""

from dataclasses import dataclass
from datetime import datetime

from app.analysis.document import Verdict
from app.analysis.findings import Tree
from app.analysis.inputs import SymbolInput
from app.analysis.keeping import Keep
from app.analysis.quality.contracts import contract_changes
from app.analysis.quality.quality_tree import quality_tree
from app.analysis.quality.reading import read_counts
from app.analysis.quality.sessions import NO_FILE, CountedSession
from app.analysis.quality.verdict import judge
from app.lake.layout import Lake


@dataclass(frozen=True)
class Quality:
    """The verdict on a symbol's data; `reasons` are sentences, none when it is ok. `tree` has the figures."""

    verdict: Verdict
    reasons: tuple[str, ...]
    tree: Tree


def check_quality(
    lake: Lake,
    wanted: SymbolInput,
    asof: datetime,
    source: str,
    cache: Keep | None = None,
) -> Quality:
    """Check one source's ticks before `asof` against the calendar, the contract's terms and the records of the lake.

    In the regular hours of the input gaps are judged more strictly. The tree has `verdict`, `reasons`, `notes` (what is
    no fault), `sessions`, `rules` (a figure for each) and `by_session`. Errors as of `read_counts`.
    """
    counts = read_counts(lake, wanted, asof, source, cache, {hours.day: hours for hours in wanted.regular})
    recorded = {file.day: file.rows for file in wanted.files}
    sessions = tuple(
        CountedSession(hours, asof, counts.get(hours.day, NO_FILE), recorded.get(hours.day))
        for hours in wanted.hours
        if hours.open < asof
    )
    changed = contract_changes(wanted, sessions)
    verdict, reasons = judge(sessions, source)
    scheduled = {hours.day for hours in wanted.hours}
    unscheduled = [file.day for file in wanted.files if file.day not in scheduled]
    tree = quality_tree(sessions, changed, verdict, reasons, asof, source, unscheduled)
    return Quality(verdict, reasons, tree)
