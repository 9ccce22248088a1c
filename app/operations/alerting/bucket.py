"""The rule of the lake's copy in a bucket: that it is behind."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app.alerts.rules import Condition
from app.operations.alerting.policy import AlertPolicy
from app.operations.bucket_keeping import read_standing
from app.stores import Stores

PATIENCE: Final = timedelta(hours=1)


def find_behind(stores: Stores, _policy: AlertPolicy, now: datetime) -> Sequence[Condition]:
    """That files could not be brought to the bucket, or were not for an hour."""
    standing = read_standing(stores.redis)
    if standing is None or standing.since is None:
        return []
    if not standing.trouble and now - standing.since < PATIENCE:
        return []
    detail = f"{standing.told()}: see `flask lake-push`"
    return [Condition("bucket_behind", "", detail, facts={"days": standing.days_behind})]
