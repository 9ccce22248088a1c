"""What is predicted of the symbols of a question, what is recommended, and how large a position may be."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from app.analysis.document import PredictionMade, Recommended, Verdict
from app.analysis.findings import Basis, Finding, to_plain
from app.analysis.inputs import SymbolData
from app.analysis.keeping import Keep
from app.analysis.prediction.composite import combine
from app.analysis.prediction.decision import Decision, decide
from app.analysis.prediction.predicted import Predicted
from app.analysis.prediction.predicting import params_hash, predict_direction
from app.analysis.prediction.presenting import composite_tree, prediction_made, prediction_tree, recommendation_tree
from app.analysis.prediction.target import ends_session, target_after
from app.analysis.question import Parameters
from app.analysis.risk.measuring import measure_sizing
from app.analysis.series.forecasting import next_interval

STAGE: Final = "Prediction"
Key = tuple[str, str]
_One = TypeVar("_One")


@dataclass(frozen=True)
class Outlook:
    """By symbol the trees `recommendation prediction sizing`, and what is kept of them as rows.

    `composite` is the prediction of all together, by horizon.
    """

    trees: Mapping[str, Mapping[str, Any]]
    recommended: Mapping[str, Recommended]
    predictions: tuple[PredictionMade, ...] = ()
    composite: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What speaks for or against acting: the data's verdicts, predictions that fail, and the model's switch.

    `volatility` is the standard deviation of a year's return by symbol, None where it is not known. `asof` is the
    instant that is asked about: a bar that was over by then is not predicted any more. `degraded` are the symbols and
    horizons that are not acted on; what is predicted of them goes to the ledger as ever, so that they can recover.
    """

    verdicts: Mapping[str, Verdict]
    volatility: Mapping[str, float | None]
    asof: datetime
    degraded: Collection[Key] = ()
    model_enabled: bool = True


def look_ahead(
    datas: Mapping[str, SymbolData],
    standing: Standing,
    parameters: Parameters,
    keep: Keep,
    step: Callable[[str], None],
) -> Outlook:
    """Predictions of every symbol at every horizon, and the decisions that they allow, judged together.

    Symbols whose data was rejected are not predicted. Where the bar after the newest one is over, nothing is
    recommended on it, and the ledger does not get it. `step` hears of each prediction before it is made.
    """
    predicted = _predictions(datas, standing, parameters, keep, step)
    asof = max(data.asof for data in datas.values())
    stale = _stale(datas, parameters, standing.asof)
    fresh = {key: replace(one, forecast=None) if key in stale else one for key, one in predicted.items()}
    intervals = {(symbol, horizon): next_interval(datas[symbol], horizon) for symbol, horizon in predicted}
    decisions = decide(
        predicted,
        standing.verdicts,
        {symbol: data.terms for symbol, data in datas.items()},
        parameters,
        asof,
        empty=[symbol for symbol, data in datas.items() if not data.ticks],
        stale=stale,
        closed=_closed(datas, parameters),
        degraded=standing.degraded,
        enabled=standing.model_enabled,
    )
    combined = combine(fresh, dict.fromkeys(datas, 1.0)) if len(datas) > 1 else {}
    return Outlook(
        trees={
            symbol: _told(decisions[symbol], _of(predicted, symbol), _of(intervals, symbol), _of(stale, symbol))
            | {"sizing": _sized(data, decisions[symbol], fresh, parameters, standing)}
            for symbol, data in datas.items()
        },
        recommended={symbol: decisions[symbol].recommended for symbol in datas},
        predictions=_made(fresh, decisions, intervals, params_hash(parameters)),
        composite=to_plain(composite_tree(combined, Basis("no bars", asof))),
    )


def _predictions(
    datas: Mapping[str, SymbolData],
    standing: Standing,
    parameters: Parameters,
    keep: Keep,
    step: Callable[[str], None],
) -> dict[Key, Predicted]:
    found: dict[Key, Predicted] = {}
    for symbol, data in datas.items():
        for horizon in parameters.horizons:
            step(f"{STAGE}: {symbol} {horizon}")
            if standing.model_enabled and standing.verdicts[symbol] != "reject":
                found[symbol, horizon] = predict_direction(data, horizon, parameters, keep)
    return found


def _closed(datas: Mapping[str, SymbolData], parameters: Parameters) -> list[Key]:
    return [(symbol, one) for symbol, data in datas.items() for one in parameters.horizons if ends_session(data, one)]


def _stale(datas: Mapping[str, SymbolData], parameters: Parameters, asof: datetime) -> dict[Key, datetime]:
    """The predictions whose bar was over at `asof`, with its end."""
    targets = {
        (symbol, horizon): target_after(data, horizon)
        for symbol, data in datas.items() for horizon in parameters.horizons
    }  # fmt: skip
    return {key: target for key, target in targets.items() if target is not None and target <= asof}


def _of(found: Mapping[Key, _One], symbol: str) -> dict[str, _One]:
    return {horizon: one for (name, horizon), one in found.items() if name == symbol}


def _told(
    decision: Decision, predicted: Mapping[str, Predicted], intervals: Mapping[str, Finding], stale: Collection[str]
) -> dict[str, Any]:
    return {
        "recommendation": to_plain(recommendation_tree(decision, predicted)),
        "prediction": to_plain(prediction_tree(predicted, decision.gates, intervals, stale)),
    }


def _sized(
    data: SymbolData, decision: Decision, predicted: Mapping[Key, Predicted], parameters: Parameters, standing: Standing
) -> Any:
    one = predicted.get((data.symbol, decision.horizon))
    p = None if one is None or one.forecast is None or decision.action == "HOLD" else one.forecast.p
    return to_plain(measure_sizing(data, parameters, decision.action, p, standing.volatility[data.symbol]))


def _made(
    predicted: Mapping[Key, Predicted],
    decisions: Mapping[str, Decision],
    intervals: Mapping[Key, Finding],
    named: str,
) -> tuple[PredictionMade, ...]:
    made = (
        prediction_made(one, decisions[symbol].gates.get(horizon), intervals[symbol, horizon], named)
        for (symbol, horizon), one in predicted.items()
    )
    return tuple(one for one in made if one is not None)
