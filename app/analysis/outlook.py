"""What is predicted of the symbols of a question, what is recommended, and how large a position may be."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.analysis.document import PredictionMade, Recommended, Verdict
from app.analysis.findings import Basis, to_plain
from app.analysis.inputs import SymbolData
from app.analysis.keeping import Keep
from app.analysis.prediction.composite import combine
from app.analysis.prediction.decision import Decision, decide
from app.analysis.prediction.predicted import Predicted
from app.analysis.prediction.predicting import params_hash, predict_direction
from app.analysis.prediction.presenting import composite_tree, prediction_made, prediction_tree, recommendation_tree
from app.analysis.question import Parameters
from app.analysis.risk.measuring import measure_sizing

STAGE: Final = "Prediction"


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
    """What speaks for or against acting: the data's verdicts, symbols whose predictions fail, and the model's switch.

    `volatility` is the standard deviation of a year's return by symbol, None where it is not known.
    """

    verdicts: Mapping[str, Verdict]
    volatility: Mapping[str, float | None]
    degraded: Collection[str] = ()
    model_enabled: bool = True


def look_ahead(
    datas: Mapping[str, SymbolData],
    standing: Standing,
    parameters: Parameters,
    keep: Keep,
    step: Callable[[str], None],
) -> Outlook:
    """Predictions of every symbol at every horizon, and the decisions that they allow, judged together.

    Symbols whose data was rejected are not predicted. `step` hears of each prediction before it is made.
    """
    predicted: dict[tuple[str, str], Predicted] = {}
    for symbol, data in datas.items():
        for horizon in parameters.horizons:
            step(f"{STAGE}: {symbol} {horizon}")
            if standing.model_enabled and standing.verdicts[symbol] != "reject":
                predicted[symbol, horizon] = predict_direction(data, horizon, parameters, keep)
    asof = max(data.asof for data in datas.values())
    decisions = decide(
        predicted,
        standing.verdicts,
        {symbol: data.terms for symbol, data in datas.items()},
        parameters,
        asof,
        empty=[symbol for symbol, data in datas.items() if not data.ticks],
        degraded=standing.degraded,
        enabled=standing.model_enabled,
    )
    by_symbol = {symbol: _of_symbol(predicted, symbol) for symbol in datas}
    combined = combine(predicted, dict.fromkeys(datas, 1.0)) if len(datas) > 1 else {}
    return Outlook(
        trees={
            symbol: _trees(data, decisions[symbol], by_symbol[symbol], parameters, standing)
            for symbol, data in datas.items()
        },
        recommended={symbol: decisions[symbol].recommended for symbol in datas},
        predictions=_made(predicted, decisions, parameters),
        composite=to_plain(composite_tree(combined, Basis("no bars", asof))),
    )


def _of_symbol(predicted: Mapping[tuple[str, str], Predicted], symbol: str) -> dict[str, Predicted]:
    return {horizon: one for (name, horizon), one in predicted.items() if name == symbol}


def _trees(
    data: SymbolData,
    decision: Decision,
    predicted: Mapping[str, Predicted],
    parameters: Parameters,
    standing: Standing,
) -> dict[str, Any]:
    forecast = predicted[decision.horizon].forecast if decision.horizon in predicted else None
    p = None if forecast is None or decision.action == "HOLD" else forecast.p
    sizing = measure_sizing(data, parameters, decision.action, p, standing.volatility[data.symbol])
    return {
        "recommendation": to_plain(recommendation_tree(decision, predicted)),
        "prediction": to_plain(prediction_tree(predicted, decision.gates)),
        "sizing": to_plain(sizing),
    }


def _made(
    predicted: Mapping[tuple[str, str], Predicted], decisions: Mapping[str, Decision], parameters: Parameters
) -> tuple[PredictionMade, ...]:
    named = params_hash(parameters)
    made = (
        prediction_made(one, decisions[symbol].gates.get(horizon), named)
        for (symbol, horizon), one in predicted.items()
    )
    return tuple(one for one in made if one is not None)
