"""The verdict on a ladder: whether what it came to can be used at the open."""

from datetime import date

from app.premarket.reports import Verdict
from app.stores import Stores


def judge_climb(stores: Stores, market: str, day: date) -> Verdict | None:
    """Decide on a ladder's verdict with what is recorded of it by now, keep it with its reasons, and return it.

    READY: the report is there, in time, and nothing was amiss. DEGRADED: in time, and the reasons tell what to mind.
    LATE: not there by its deadline, or only after that. MISSING: not there at the open. None before it can be told.
    """
    raise NotImplementedError
