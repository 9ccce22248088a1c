"""Ladders as JSON has them, for whoever shows them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from app.clock import instant_text
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.rows import ENDED

Phase = Literal["waiting", "climbing", "over"]
StageVerdict = Literal["ok", "degraded", "failed", "skipped"]
_SECOND = timedelta(seconds=1)


def stage_form(row: PremarketStage) -> dict[str, Any]:
    """A stage and what became of it; instants as text, null where there is none yet."""
    return {
        "stage": row.stage,
        "status": row.status,
        "verdict": verdict_of(row),
        "planned_at": instant_text(row.planned_at),
        "deadline_at": instant_text(row.deadline_at),
        "asof": _text(row.asof),
        "started_at": _text(row.started_at),
        "done_at": _text(row.done_at),
        "late_s": row.late_s,
        "reasons": list(row.reasons),
        "jobs": dict(row.jobs),
    }


def verdict_of(row: PremarketStage) -> StageVerdict | None:
    """What a stage was worth: `ok` when it was done in time and nothing was amiss, else `degraded`; None before its
    end."""
    match row.status:
        case "failed" | "skipped" as ended:
            return ended
        case "late":
            return "degraded"
        case "done":
            return "degraded" if row.reasons else "ok"
        case _:
            return None


def report_form(row: PremarketReport, stages: Sequence[PremarketStage], now: datetime) -> dict[str, Any]:
    """What a day's ladder came to up to `now`, with its stages in their order.

    `seconds_to_open` are whole ones, rounded up, and negative once the market has opened. The verdict is null until it
    can be told; `made_at`, `asof`, `job_id` and `sha256` are those of the report, null until it is made.
    """
    return {
        "market": row.market,
        "session_date": row.session_date.isoformat(),
        "phase": phase_of(row, stages, now),
        "verdict": row.verdict,
        "reasons": list(row.reasons),
        "opens_at": instant_text(row.opens_at),
        "seconds_to_open": -((now - row.opens_at) // _SECOND),
        "asof": _text(row.asof),
        "made_at": _text(row.made_at),
        "verified_at": _text(row.verified_at),
        "job_id": row.job_id,
        "sha256": row.sha256 or None,
        "stages": [stage_form(stage) for stage in stages],
    }


def phase_of(row: PremarketReport, stages: Sequence[PremarketStage], now: datetime) -> Phase:
    """`waiting` until the first stage is due, `over` once all have ended, `climbing` between."""
    if all(stage.status in ENDED for stage in stages):
        return "over" if stages or now >= row.opens_at else "waiting"
    untouched = all(stage.status == "planned" and stage.planned_at > now for stage in stages)
    return "waiting" if untouched else "climbing"


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
