"""The analyses of a stage: which there are, asking for them once, and sending them to the workers."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from app.analysis.question import Kind
from app.errors import Unavailable
from app.jobs.models import WHOLE
from app.jobs.requests import JobRequest
from app.jobs.service import submit
from app.jobs.urgency import PREMARKET
from app.premarket.definition import StageKey
from app.stores import Stores

log = logging.getLogger(__name__)


# Only what is predicted an hour ahead still holds when the market opens.
HORIZONS_AT_OPEN: Final = ("1h",)
AT_OPEN: Final = ("composite", "report")
# What each stage asks for: the kind of analysis, and whether it is one of all symbols together.
ANALYSES: Final[Mapping[str, tuple[Kind, bool]]] = MappingProxyType(
    {
        "comprehensive": ("series", False),
        "patterns": ("single", False),
        "predictions": ("prediction", True),
        "composite": ("full", True),
        "report": ("full", True),
    }
)
_FIRST_TRY: Final = 1


def stage_requests(key: StageKey, begins: Mapping[str, date], asof: datetime) -> dict[str, JobRequest]:
    """What a stage asks for, by symbol, or for all together under `*`; symbols with the day on which theirs begins.

    What is for the open predicts an hour ahead alone.
    """
    kind, is_joint = ANALYSES[key.stage]
    parts = {WHOLE: list(begins)} if is_joint else {symbol: [symbol] for symbol in begins}
    horizons = {"horizons": HORIZONS_AT_OPEN} if key.stage in AT_OPEN else {}
    known = {"kind": kind, "asof": asof, "parameters": {"fallback": True, **horizons}}
    starts = {what: min(begins[name] for name in names) for what, names in parts.items()}
    return {
        what: JobRequest.model_validate({**known, "symbols": names, "start_date": starts[what]})
        for what, names in parts.items()
    }


def submit_jobs(
    session: Session, stores: Stores, key: StageKey, requests: Mapping[str, JobRequest], now: datetime
) -> dict[str, int]:
    """The numbers of the jobs for what a stage asks for, each made once however often this is done.

    Nothing is committed; whoever does that sends them. Errors as of `submit`.
    """
    numbers = {}
    for what, request in requests.items():
        name = f"premarket/{key.market}/{key.day}/{key.stage}/{what}/{_FIRST_TRY}"
        asked = submit(session, stores.market, request, now, requested_by=PREMARKET, idempotency_key=name)
        numbers[what] = asked.job.id
    return numbers


def send_jobs(stores: Stores, key: StageKey, numbers: Sequence[int]) -> None:
    """Send jobs to the workers ahead of others; while the queue is away they are left to the next ticks, and logged."""
    try:
        for number in numbers:
            stores.dispatch.run_job(number, urgent=True)
    except Unavailable as away:
        log.warning("analyses of %s of %s on %s are sent by the next tick: %s", key.stage, key.market, key.day, away)
