"""Predictions with outcomes, as a ledger has them, for those who test how they did."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from app.jobs.ledger import present_model, record_predictions
from app.jobs.models import Prediction, PredictionModel
from app.stores import Stores
from tests.analyses import NOW, ask, prediction_of


def ledger(
    stores: Stores,
    symbol: str = "ES",
    *,
    outcomes: Sequence[int | None],
    begin: datetime | None = None,
    step: timedelta = timedelta(hours=1),
    late: bool = False,
    model: int | None = None,
    resolved_at: datetime = NOW,
    **parts: Any,
) -> None:
    """A prediction for each outcome, `step` apart; None: its outcome is not known. `late` ones were made after it."""
    number, begin = ask(stores, symbol), begin or NOW - timedelta(days=400 if late else 300)
    made = [prediction_of(symbol, asof=begin + place * step, **parts) for place in range(len(outcomes))]
    with stores.sessions.begin() as session:
        kept = present_model(session, NOW) if model is None else session.get_one(PredictionModel, model)
        for one, outcome in zip(made, outcomes, strict=True):
            record_predictions(session, number, kept, [one], NOW if late else one.asof)
            if outcome is not None:
                here = (Prediction.symbol == symbol, Prediction.asof == one.asof, Prediction.horizon == one.horizon)
                here = (*here, Prediction.data_hash == one.data_hash, Prediction.model_id == kept.id)
                price = one.base_price + (1 if outcome else -1)
                values = {"outcome": outcome, "outcome_price": price, "resolved_at": resolved_at}
                session.execute(update(Prediction).where(*here).values(values))


def successor(stores: Stores) -> int:
    """The number of a model that comes after the present one."""
    with stores.sessions.begin() as session:
        model = PredictionModel(kind=present_model(session, NOW).kind, version=2, created_at=NOW)
        session.add(model)
        session.flush()
        return model.id
