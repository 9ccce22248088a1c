"""What the analyses of a stage found, in short, and what of it is to be minded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from app.analysis.document import REASONS
from app.jobs.models import WHOLE, AnalysisJob, AnalysisResult
from app.jobs.service import results_of
from app.operations.premarket.remarks import Gravity, Remark, together

PREDICTING: Final = ("full", "prediction")
# Why a symbol is held that says something about the model or the data, and not about the market.
MINDED: Final[Mapping[str, Gravity]] = {
    "model_disabled": Gravity.MODEL,
    "model_degraded": Gravity.MODEL,
    "no_data": Gravity.LEFT_OUT,
    "data_rejected": Gravity.DATA,
    "stale_data": Gravity.DATA,
}


@dataclass(frozen=True)
class Found:
    """By symbol its job, the verdict on its data, and what is recommended; and the remarks on them."""

    symbols: Mapping[str, Mapping[str, Any]]
    remarks: Sequence[Remark]


def found_by(session: Session, jobs: Sequence[AnalysisJob], preferred: Sequence[str]) -> Found:
    """What jobs that are done found; ticks of a source that is not `preferred` are remarked."""
    symbols: dict[str, Mapping[str, Any]] = {}
    about: list[tuple[str, Remark]] = []
    for job in jobs:
        rows = {row.scope: row for row in results_of(session, job.id)}
        inputs = rows[WHOLE].document.get("inputs", {}) if WHOLE in rows else {}
        for symbol in job.symbols:
            if symbol in rows:
                symbols[symbol] = _summary(job, rows[symbol])
                remarks = remarks_on(job.kind, rows[symbol], inputs.get(symbol, {}), preferred)
                about += [(symbol, remark) for remark in remarks]
            else:
                about.append((symbol, Remark(Gravity.LEFT_OUT, "its analysis has nothing on it")))
    return Found(symbols, together(about))


def remarks_on(kind: str, row: AnalysisResult, inputs: Mapping[str, Any], preferred: Sequence[str]) -> Iterator[Remark]:
    """What is to be minded of a symbol's analysis: quality, days without ticks, the source, and why it is held."""
    if row.verdict != "ok":
        reasons = row.document.get("quality", {}).get("reasons") or ["no reason is told"]
        yield Remark(Gravity.INPUT, f"data quality {row.verdict or 'unknown'}: {reasons[0]}")
    if days := inputs.get("from_bars"):
        yield Remark(Gravity.INPUT, f"{_days(days)} from bars alone: {_named(days)}")
    if days := inputs.get("left_out"):
        yield Remark(Gravity.INPUT, f"{_days(days)} left out, damaged or lost: {_named(days)}")
    source = inputs.get("source")
    if preferred and source and source not in preferred:
        yield Remark(Gravity.INPUT, f"most of its ticks are of {source}, not of {' or '.join(preferred)}")
    if kind in PREDICTING and row.reason_code in MINDED:
        yield Remark(MINDED[row.reason_code], f"held: {REASONS[row.reason_code]} ({row.reason_code})")


def _summary(job: AnalysisJob, row: AnalysisResult) -> dict[str, Any]:
    told = {"job": job.id, "verdict": row.verdict}
    if job.kind not in PREDICTING:
        return told
    return {**told, "action": row.action, "reason_code": row.reason_code, "confidence": row.confidence}


def _days(days: Sequence[str]) -> str:
    return f"{len(days)} day{'s' if len(days) > 1 else ''}"


def _named(days: Sequence[str]) -> str:
    more = len(days) - 3
    return ", ".join(days[:3]) + (f" and {more} more" if more > 0 else "")
