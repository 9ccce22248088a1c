"""The ledger of predictions: the models that there are, and what they predicted. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.analysis.document import PredictionMade
from app.jobs.models import Prediction, PredictionModel

MODEL: Final = "direction-logistic"
MODEL_VERSION: Final = 1
_DESCRIPTION: Final = "Direction of the price over a horizon: logistic regression, walk-forward, calibrated, gated"


def present_model(session: Session, now: datetime) -> PredictionModel:
    """The row of the model that analyses predict with; made, and enabled, where it is missing."""
    key: dict[str, Any] = {"kind": MODEL, "version": MODEL_VERSION}
    values = {**key, "description": _DESCRIPTION, "created_at": now}
    session.execute(insert(PredictionModel).values(values).on_conflict_do_nothing())
    return session.scalars(select(PredictionModel).filter_by(**key)).one()


def record_predictions(
    session: Session, job_id: int, model: PredictionModel, made: Sequence[PredictionMade], now: datetime
) -> int:
    """Keep what a job predicted; returns how much of it was new: the same prediction from the same data is kept once.

    What was predicted after its time had come is kept too, `made_at` tells.
    """
    rows = [
        {
            "job_id": job_id,
            "model_id": model.id,
            "symbol": one.symbol,
            "source": one.source,
            "horizon": one.horizon,
            "made_at": max(now, one.asof),
            "asof": one.asof,
            "target_ts": one.target_ts,
            "base_price": one.base_price,
            "base_rate": one.base_rate,
            "p": one.p,
            "low": one.low,
            "high": one.high,
            "gated": one.gated,
            "n_train": one.n_train,
            "params_hash": one.params_hash,
            "data_hash": one.data_hash,
        }
        for one in made
    ]
    if not rows:
        return 0
    kept = session.scalars(insert(Prediction).on_conflict_do_nothing().returning(Prediction.id), rows)
    return len(kept.all())
