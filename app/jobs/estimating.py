"""What an analysis would read and about how long it would take, before it is run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.inputs import SymbolInput, TickFile
from app.jobs.models import AnalysisJob

# The pace is that of the last jobs, of those that read all their ticks where there are such.
_JOBS: Final = 50
# What every job takes, however small it is, says nothing of one that is many times its size.
_LIKE: Final = 10


@dataclass(frozen=True)
class SymbolPlan:
    """What there is of a symbol: sessions by the calendar, files and their rows, days without a file."""

    symbol: str
    sessions: int
    files: int
    rows: int
    first: date | None
    last: date | None
    holes: tuple[date, ...]


@dataclass(frozen=True)
class Estimate:
    """The plans of all symbols, and the seconds that they may take; None where no like job has run here yet."""

    symbols: tuple[SymbolPlan, ...]
    seconds: float | None

    @property
    def rows(self) -> int:
        """The ticks of all symbols."""
        return sum(plan.rows for plan in self.symbols)


def estimate(session: Session, inputs: Sequence[SymbolInput], kind: str) -> Estimate:
    """What the inputs come to in an analysis of a kind.

    Nothing is read but the manifest, past jobs and the footers of unrecorded files; one that cannot be read counts no
    rows.
    """
    plans = tuple(plan_of(wanted) for wanted in inputs)
    rows = sum(plan.rows for plan in plans)
    pace = _pace(session, kind, rows)
    return Estimate(plans, rows / pace if pace else None)


def plan_of(wanted: SymbolInput) -> SymbolPlan:
    """What there is of a symbol."""
    days = [file.day for file in wanted.files]
    known = set(days)
    return SymbolPlan(
        symbol=wanted.symbol,
        sessions=len(wanted.hours),
        files=len(days),
        rows=sum(_rows(file) for file in wanted.files),
        first=min(days, default=None),
        last=max(days, default=None),
        holes=tuple(hours.day for hours in wanted.hours if hours.day not in known),
    )


def _rows(file: TickFile) -> int:
    if file.rows is not None:
        return file.rows
    try:
        return int(pq.read_metadata(file.path).num_rows)
    except (pa.ArrowException, OSError, ValueError):
        return 0


def _pace(session: Session, kind: str, rows: int) -> float | None:
    """Ticks a second over the last such jobs of a like size; None without any."""
    query = select(AnalysisJob.resources).where(AnalysisJob.status == "done", AnalysisJob.kind == kind)
    past = [
        told
        for told in session.scalars(query.order_by(AnalysisJob.id.desc()).limit(_JOBS))
        if told.get("wall_s") and rows <= told.get("ticks", 0) * _LIKE and told["ticks"] <= rows * _LIKE
    ]
    took = [told for told in past if not told.get("cache_hits")] or past
    seconds = sum(float(told["wall_s"]) for told in took)
    return sum(float(told["ticks"]) for told in took) / seconds if seconds else None
