"""How past predictions did. Nothing here commits."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.analysis.findings import Basis, to_plain
from app.jobs.models import UNCHANGED, Prediction, PredictionModel

if TYPE_CHECKING:
    from app.analysis.prediction.scored import Scored

# The newest predictions with an outcome that are looked at, of a symbol and horizon; older ones say little of today.
MOST: Final = 5_000
Key = tuple[str, str]
_NUMBERS: Final = ("p", "base_rate", "outcome", "low", "high", "price")


@dataclass(frozen=True)
class Record:
    """The predictions of a symbol at a horizon by a model that have an outcome, or whose price did not change, in the
    order of time.

    Of all that were made about one time by a model the first one counts: to ask again is no new evidence. `rows` were
    made before the time that they are about; `made_later` counts the others, from which nobody can tell whether the
    outcome was known. `newest` is the latest time that one with an outcome is about, None where none was made ahead.
    """

    rows: "Scored"
    window: str
    made_later: int
    newest: datetime | None


def read_records(
    session: Session, model_id: int, symbols: Collection[str] | None = None, until: datetime | None = None
) -> dict[Key, Record]:
    """The record of a model by symbol and horizon, those that have an outcome.

    Of all symbols when None, and only of predictions that were made, and are about a time, up to `until`, which is one
    of them.
    """
    wanted = [Prediction.model_id == model_id]
    if symbols is not None:
        wanted.append(Prediction.symbol.in_(symbols))
    if until is not None:
        wanted += [Prediction.target_ts <= until, Prediction.made_at <= until]
    grouped: dict[Key, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(_query(*wanted)):
        grouped[row.symbol, row.horizon].append(row)
    return {key: _record(rows) for key, rows in sorted(grouped.items())}


def told_of(records: Mapping[Key, Record], asof: datetime) -> Mapping[str, Mapping[str, Any]]:
    """The records as plain findings by symbol and horizon; see `scoring.score`."""
    if not records:
        return {}
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for (symbol, horizon), record in records.items():
        found[symbol][horizon] = figures_of(record, asof)
    return dict(found)


def figures_of(record: Record, asof: datetime) -> dict[str, Any]:
    """A record as plain findings, and how many of its predictions were `made_later` than they should be."""
    # It loads what computes, which takes a second and much memory.
    from app.analysis.prediction.scoring import score

    return {**to_plain(score(record.rows, Basis(record.window, asof))), "made_later": record.made_later}


def degraded_in(records: Mapping[Key, Record]) -> list[Key]:
    """The symbols and horizons whose latest predictions did worse than the base rate; see `degradation`."""
    if not records:
        return []
    from app.analysis.prediction.degradation import degradation

    return [key for key, one in records.items() if degradation(one.rows).degraded]


def note_performance(session: Session, now: datetime) -> None:
    """Keep with each model how its predictions did, those of all symbols and horizons together."""
    for number in session.scalars(select(PredictionModel.id)).all():
        record = _record(session.execute(_query(Prediction.model_id == number)).all())
        values = {"performance": figures_of(record, now), "performance_at": now}
        session.execute(update(PredictionModel).where(PredictionModel.id == number).values(values))


def _query(*wanted: ColumnElement[bool]) -> Select[Any]:
    of = (Prediction.model_id, Prediction.symbol, Prediction.horizon)
    price = func.coalesce(Prediction.outcome_price, Prediction.base_price).label("price")
    numbers = (price if name == "price" else getattr(Prediction, name) for name in _NUMBERS)
    columns = (*numbers, Prediction.made_at, Prediction.target_ts)
    same = (*of, Prediction.target_ts)
    first = (
        select(Prediction.id, *of, Prediction.asof, *columns)
        .where(or_(Prediction.outcome.is_not(None), Prediction.void == UNCHANGED), *wanted)
        .ext(distinct_on(*same))
        .order_by(*same, Prediction.made_at, Prediction.id)
        .subquery()
    )
    newest = func.row_number().over(
        partition_by=(first.c.model_id, first.c.symbol, first.c.horizon), order_by=first.c.asof.desc()
    )
    inner = select(first, newest.label("place")).subquery()
    return select(inner).where(inner.c.place <= MOST).order_by(inner.c.asof, inner.c.id)


def _record(rows: Sequence[Row[Any]]) -> Record:
    import numpy as np

    from app.analysis.prediction.scored import Scored

    ahead = [row for row in rows if row.made_at < row.target_ts]
    arrays = (np.array([getattr(row, name) for row in ahead], dtype=np.float64) for name in _NUMBERS)
    window = f"{len(ahead):,} predictions"
    if ahead:
        window += f", {ahead[0].asof:%Y-%m-%d} to {ahead[-1].asof:%Y-%m-%d}"
    newest = max((row.target_ts for row in ahead if row.outcome is not None), default=None)
    return Record(Scored(*arrays), window, len(rows) - len(ahead), newest)
