"""What an analysis found, as rows: results, predictions and signals. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.analysis.document import NOT_PREDICTED, VERSION, Analysis
from app.analysis.findings import is_figure, to_plain
from app.clock import instant_text
from app.jobs.ledger import record_predictions
from app.jobs.models import WHOLE, AnalysisResult, PredictionModel, Signal

# Where a symbol's tree has the figures that lists and filters need.
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "trend_score": ("trend", "combined"),
    "volatility": ("volatility", "realised"),
    "pattern_strength": ("levels", "together"),
}
_VERDICT: Final = ("quality", "verdict")


def keep_analysis(
    session: Session,
    job_id: int,
    found: Analysis,
    model: PredictionModel,
    track_record: Mapping[str, Any],
    now: datetime,
) -> None:
    """Add a job's rows: a result for each symbol and one for the whole, its signals and its predictions.

    A kind of analysis that predicts nothing gives no signal.
    """
    session.add(_whole(job_id, found, track_record, now))
    for symbol, tree in found.symbols.items():
        session.add(_symbol_row(job_id, symbol, to_plain(tree), found, now))
    for one in found.recommended.values():
        # Whoever did not look ahead may not take the place of a signal by one who did.
        if one.reason_code == NOT_PREDICTED:
            continue
        session.add(
            Signal(
                job_id=job_id,
                model_id=model.id,
                symbol=one.symbol,
                side=one.action,
                strength=one.strength,
                reason_code=one.reason_code,
                asof=one.asof,
                valid_until=one.valid_until,
            )
        )
    session.flush()
    record_predictions(session, job_id, model, found.predictions, now)


def value_at(plain: object, path: tuple[str, ...]) -> Any:
    """The value at a place in a plain tree, of a figure its own; None where there is none."""
    for name in path:
        plain = plain.get(name) if isinstance(plain, Mapping) else None
    return plain["value"] if is_figure(plain) else plain


def _whole(job_id: int, found: Analysis, track_record: Mapping[str, Any], now: datetime) -> AnalysisResult:
    document = {
        "version": VERSION,
        "asof": instant_text(found.asof),
        "question": dict(found.question),
        "inputs": to_plain(found.inputs),
        "portfolio": to_plain(found.portfolio),
        "track_record": to_plain(track_record),
        "work": dict(found.work),
    }
    return AnalysisResult(job_id=job_id, scope=WHOLE, asof=found.asof, created_at=now, document=document)


def _symbol_row(job_id: int, symbol: str, plain: Mapping[str, Any], found: Analysis, now: datetime) -> AnalysisResult:
    advice = found.recommended[symbol]
    return AnalysisResult(
        job_id=job_id,
        scope=symbol,
        asof=found.asof,
        created_at=now,
        action=advice.action,
        reason_code=advice.reason_code,
        confidence=advice.confidence,
        verdict=value_at(plain, _VERDICT),
        data_hash=value_at(to_plain(found.inputs), (symbol, "data_hash")) or "",
        document=dict(plain),
        **{column: value_at(plain, path) for column, path in _NUMBERS.items()},
    )
