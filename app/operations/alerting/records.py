"""Rules of what is recorded: dead letters, losses, and how the predictions do."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.alerts.rules import Condition
from app.jobs.models import PredictionScore
from app.ledger.totals import count_dead_letters
from app.operations.alerting.policy import AlertPolicy
from app.operations.health import check_ledger
from app.stores import Stores

SCORED_WITHIN: Final = timedelta(days=10)


def find_dead_letters(stores: Stores, _policy: AlertPolicy, _now: datetime) -> Sequence[Condition]:
    """That entries could not be stored, and nobody has dealt with them."""
    with stores.sessions() as session:
        count = count_dead_letters(session)["open"]
    detail = f"{count:,} entries could not be stored: see `flask dead-letters list`"
    return [Condition("dead_letters", "", detail, facts={"open": count})] if count else []


def find_losses(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """That events were found missing in the last 24 hours that nothing explains."""
    check = check_ledger(stores.sessions, now)
    return [Condition("losses", "", check.detail, facts=check.figures)] if check.figures["unexplained_24h"] else []


def find_degraded(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """Models whose predictions of a symbol at a horizon do worse than the base rate, as they were last scored."""
    with stores.sessions() as session:
        return [_degraded(score) for score in _newest_scores(session, now) if score.degraded]


def _newest_scores(session: Session, now: datetime) -> Sequence[PredictionScore]:
    what = PredictionScore.model_id, PredictionScore.symbol, PredictionScore.horizon
    recent = select(PredictionScore).where(PredictionScore.session_date >= (now - SCORED_WITHIN).date())
    newest = recent.ext(distinct_on(*what)).order_by(*what, PredictionScore.session_date.desc())
    return session.scalars(newest).all()


def _degraded(score: PredictionScore) -> Condition:
    subject = f"{score.symbol} {score.horizon} model {score.model_id}"
    told = f"predictions of {score.symbol} for {score.horizon} by model {score.model_id} do worse than the base rate"
    detail = f"{told}, over {score.outcomes:,} outcomes up to {score.session_date}: mind them, or disable the model"
    return Condition("model_degraded", subject, detail, facts={"outcomes": score.outcomes})
