"""Rules of what is recorded: dead letters, losses, and how the predictions do."""

from collections.abc import Sequence
from datetime import datetime

from app.alerts.rules import Condition
from app.jobs.score_history import degraded_models
from app.ledger.totals import count_dead_letters
from app.operations.alerting.policy import AlertPolicy
from app.operations.health import check_ledger
from app.stores import Stores


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
    """What the present model does not act on, because its predictions did worse than the base rate."""
    with stores.sessions() as session:
        found = degraded_models(session, now)
    return [Condition("model_degraded", one.subject, one.detail, facts=one.figures) for one in found]
