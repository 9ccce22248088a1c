"""How past predictions did. Nothing here commits."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.jobs.models import PredictionModel


def track_record(
    session: Session, model: PredictionModel, symbols: Collection[str], now: datetime
) -> Mapping[str, Any]:
    """How the resolved predictions of each symbol did, by symbol and horizon."""
    return {}


def degraded_symbols(session: Session, model: PredictionModel, symbols: Collection[str]) -> list[str]:
    """The symbols whose latest predictions did worse than the base rate."""
    return []
