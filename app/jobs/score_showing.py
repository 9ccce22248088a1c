"""How predictions did, as JSON has it. Nothing here commits."""

from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from app.clock import instant_text
from app.jobs.models import PredictionModel, PredictionScore
from app.jobs.score_history import model_name, newest_scores, score_history

# Where fewer outcomes are known the figures themselves say that there are none.
LEAST: Final = 30
_NOTHING: Final = "no session was scored: there are no predictions whose outcome is known and whose session is over"


def show_scores(
    session: Session,
    symbol: str | None = None,
    horizon: str | None = None,
    model: str | None = None,
    *,
    since: date | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """The newest kept scores of a symbol, horizon or model, all of them when None, with their history.

    `model` is a kind such as `direction-logistic`, or one with its version such as `direction-logistic 1`. The history
    is of the newest `limit` sessions from the day `since` on. The status is that of figures: `ok`, or
    `insufficient_data` with a reason.
    """
    found = newest_scores(session, *_wanted(symbol, horizon, model))
    history = score_history(session, [score.id for score, _ in found], since, limit) if found else {}
    return {
        "status": "ok" if any(score.outcomes >= LEAST for score, _ in found) else "insufficient_data",
        "reason": _reason(found),
        "performance": [
            {
                "model": model_name(kind),
                "model_id": kind.id,
                "symbol": score.symbol,
                "horizon": score.horizon,
                "status": "ok" if score.outcomes >= LEAST else "insufficient_data",
                "session_date": score.session_date.isoformat(),
                "scored_at": instant_text(score.scored_at),
                "outcomes": score.outcomes,
                "degraded": score.degraded,
                "figures": score.figures,
                "history": [
                    {**one, "session_date": one["session_date"].isoformat()}
                    for one in history.get((score.model_id, score.symbol, score.horizon), [])
                ],
            }
            for score, kind in found
        ],
    }


def _wanted(symbol: str | None, horizon: str | None, model: str | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if symbol is not None:
        wanted.append(PredictionScore.symbol == symbol)
    if horizon is not None:
        wanted.append(PredictionScore.horizon == horizon)
    if model is not None:
        named = func.concat(PredictionModel.kind, " ", PredictionModel.version)
        wanted.append((PredictionModel.kind == model) | (named == model))
    return wanted


def _reason(found: list[tuple[PredictionScore, PredictionModel]]) -> str | None:
    if not found:
        return _NOTHING
    most = max(score.outcomes for score, _ in found)
    return None if most >= LEAST else f"{most} outcomes are known at the most, {LEAST} needed"
