"""How past predictions did. Nothing here commits."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.analysis.findings import Basis, to_plain
from app.jobs.models import Prediction, PredictionModel

if TYPE_CHECKING:
    from app.analysis.prediction.scoring import Scored

# The newest predictions with an outcome that are looked at, of a symbol and horizon; older ones say little of today.
MOST: Final = 5_000
_NUMBERS: Final = ("p", "base_rate", "outcome", "low", "high", "outcome_price")


@dataclass(frozen=True)
class Record:
    """The predictions of a symbol at a horizon that have an outcome, in the order of time.

    Of all that were made about one time by a model the first one counts: to ask again is no new evidence. `rows` were
    made before the time that they are about; `made_later` counts the others, from which nobody can tell whether the
    outcome was known.
    """

    rows: "Scored"
    window: str
    made_later: int


def track_record(session: Session, symbols: Collection[str] | None, now: datetime) -> Mapping[str, Mapping[str, Any]]:
    """How the predictions of each symbol did whose outcome is known, as plain findings by symbol and horizon.

    Only those count that were made before their time. All symbols that have any when None.
    """
    records = _records(session, symbols)
    if not records:
        return {}
    # It loads what computes, which takes a second and much memory.
    from app.analysis.prediction.scoring import score

    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for (symbol, horizon), record in records.items():
        told = score(record.rows, Basis(record.window, now))
        found[symbol][horizon] = {**to_plain(told), "made_later": record.made_later}
    return dict(found)


def degraded_symbols(session: Session, symbols: Collection[str]) -> list[str]:
    """The symbols whose latest predictions did worse than the base rate, at any horizon; see `scoring.degradation`."""
    records = _records(session, symbols)
    if not records:
        return []
    from app.analysis.prediction.scoring import degradation

    found = {symbol for (symbol, _), one in records.items() if degradation(one.rows).degraded}
    return sorted(found)


def note_performance(session: Session, now: datetime) -> None:
    """Keep with each model how its predictions did, those of all symbols and horizons together."""
    from app.analysis.prediction.scoring import score

    for number in session.scalars(select(PredictionModel.id)).all():
        record = _record(session.execute(_query(Prediction.model_id == number)).all())
        told = to_plain(score(record.rows, Basis(record.window, now)))
        values = {"performance": {**told, "made_later": record.made_later}, "performance_at": now}
        session.execute(update(PredictionModel).where(PredictionModel.id == number).values(values))


def _records(session: Session, symbols: Collection[str] | None) -> dict[tuple[str, str], Record]:
    query = _query() if symbols is None else _query(Prediction.symbol.in_(symbols))
    grouped: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in session.execute(query):
        grouped[row.symbol, row.horizon].append(row)
    return {key: _record(rows) for key, rows in sorted(grouped.items())}


def _query(*wanted: ColumnElement[bool]) -> Select[Any]:
    of = (Prediction.model_id, Prediction.symbol, Prediction.horizon)
    columns = (*(getattr(Prediction, name) for name in _NUMBERS), Prediction.made_at, Prediction.target_ts)
    same = (*of, Prediction.target_ts)
    first = (
        select(Prediction.id, *of, Prediction.asof, *columns)
        .where(Prediction.outcome.is_not(None), *wanted)
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

    from app.analysis.prediction.scoring import Scored

    ahead = [row for row in rows if row.made_at < row.target_ts]
    arrays = (np.array([getattr(row, name) for row in ahead], dtype=np.float64) for name in _NUMBERS)
    window = f"{len(ahead):,} predictions"
    if ahead:
        window += f", {ahead[0].asof:%Y-%m-%d} to {ahead[-1].asof:%Y-%m-%d}"
    return Record(Scored(*arrays), window, len(rows) - len(ahead))
