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

# The pace is that of the last jobs that read ticks.
_JOBS: Final = 20


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
    """The plans of all symbols, and the seconds that they may take; None where no job has run here yet."""

    symbols: tuple[SymbolPlan, ...]
    seconds: float | None

    @property
    def rows(self) -> int:
        """The ticks of all symbols."""
        return sum(plan.rows for plan in self.symbols)


def estimate(session: Session, inputs: Sequence[SymbolInput]) -> Estimate:
    """What the inputs come to. Nothing is read but the manifest, past jobs and the footers of unrecorded files.

    A file that cannot be read counts no rows.
    """
    plans = tuple(_plan(wanted) for wanted in inputs)
    pace = _pace(session)
    rows = sum(plan.rows for plan in plans)
    return Estimate(plans, rows / pace if pace else None)


def _plan(wanted: SymbolInput) -> SymbolPlan:
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


def _pace(session: Session) -> float | None:
    """Ticks a second over the last jobs; None without any."""
    query = select(AnalysisJob.resources).where(AnalysisJob.status == "done").order_by(AnalysisJob.id.desc())
    took = [told for told in session.scalars(query.limit(_JOBS)) if told.get("ticks") and told.get("wall_s")]
    seconds = sum(float(told["wall_s"]) for told in took)
    return sum(float(told["ticks"]) for told in took) / seconds if seconds else None
