"""Jobs, signals and predictions as JSON has them."""

from datetime import datetime
from typing import Any, Final

from app.clock import instant_text
from app.jobs.models import AnalysisJob, Prediction, Signal

_PLAIN: Final = (
    "id",
    "job_id",
    "model_id",
    "symbol",
    "source",
    "horizon",
    "base_price",
    "base_rate",
    "p",
    "low",
    "high",
    "gated",
    "n_train",
    "params_hash",
    "data_hash",
    "outcome",
    "outcome_price",
)


def job_form(job: AnalysisJob) -> dict[str, Any]:
    """What there is to tell of a job; instants as text, null where there is none yet."""
    return {
        "id": job.id,
        "kind": job.kind,
        "symbols": list(job.symbols),
        "timeframe": job.timeframe or None,
        "start_date": job.start_date.isoformat(),
        "end_date": job.end_date.isoformat(),
        "asof": _text(job.asof),
        "parameters": job.parameters,
        "status": job.status,
        "stage": job.stage,
        "progress": job.progress,
        "attempt": job.attempt,
        "error": job.error or None,
        "requested_by": job.requested_by,
        "retry_of": job.retry_of,
        "worker": job.worker or None,
        "cancel_asked": job.cancel_asked_at is not None,
        "created_at": instant_text(job.created_at),
        "started_at": _text(job.started_at),
        "heartbeat_at": _text(job.heartbeat_at),
        "finished_at": _text(job.finished_at),
        "resources": job.resources,
    }


def signal_form(signal: Signal, now: datetime) -> dict[str, Any]:
    """A signal, and whether it still holds at `now`."""
    return {
        "job_id": signal.job_id,
        "symbol": signal.symbol,
        "side": signal.side,
        "strength": signal.strength,
        "reason_code": signal.reason_code,
        "asof": instant_text(signal.asof),
        "valid_until": instant_text(signal.valid_until),
        "valid": now < signal.valid_until,
    }


def prediction_form(row: Prediction) -> dict[str, Any]:
    """A prediction with its outcome, null as long as there is none; `void` says why there never will be."""
    told: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    instants = {name: _text(getattr(row, name)) for name in ("made_at", "asof", "target_ts", "resolved_at")}
    return {**told, **instants, "void": row.void or None}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
