"""Whether the figures of an analysis can be what they say: looked at before its report is kept."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from app.analysis.findings import figures, is_figure
from app.clock import parse_instant
from app.errors import Rejected

MOST_TOLD: Final = 10
_ROUNDING: Final = 1e-9
_SIDES: Final = {"BUY": 1, "SELL": -1, "HOLD": 0}
_CHANCES: Final = ("probability", "base_rate")


def faults_of(analysis: Mapping[str, Any], wanted: Collection[str], now: datetime) -> list[str]:
    """What cannot be right in the document of an analysis, as sentences with the place; none where all is well.

    Probabilities lie within 0 and 1, and intervals are in order; a position is on the side of its signal, and no cap is
    negative; correlations lie within -1 and 1; nothing is known of the time after `now`; a signal to buy or to sell has
    a score out of sample and has passed the gate; each of the symbols that are `wanted` is there. Of many faults the
    first ten are told, and how many more there are.
    """
    found = list(dict.fromkeys(_faults(analysis, wanted, now)))
    more = len(found) - MOST_TOLD
    return found if more <= 0 else [*found[:MOST_TOLD], f"{more} more figures cannot be right"]


def _faults(analysis: Mapping[str, Any], wanted: Collection[str], now: datetime) -> Iterator[str]:
    trees = _mapping(analysis, "symbols")
    yield from (f"{symbol} is not in it, and nobody said why" for symbol in wanted if symbol not in trees)
    if _is_after(analysis.get("asof"), now):
        yield f"it knows of {analysis['asof']}, which is later than now"
    for symbol, tree in trees.items():
        yield from _of_symbol(symbol, tree)
    for horizon, told in _mapping(analysis, "portfolio", "composite").items():
        yield from _chances(f"composite {horizon}", told)
    for name in ("matrix", "hayashi_yoshida"):
        for path, figure in figures(_mapping(analysis, "portfolio", "correlation", name)):
            yield from _within(f"correlation of {' and '.join(path)}", figure["value"], -1, 1)
    for name in ("symbols", "portfolio"):
        for path, figure in figures(analysis.get(name)):
            yield from _of_figure(" ".join(path), figure, now)


def _of_figure(place: str, figure: Mapping[str, Any], now: datetime) -> Iterator[str]:
    ci = figure.get("ci")
    if isinstance(ci, list) and not (len(ci) == 2 and _number(ci[0]) <= _number(ci[1])):
        yield f"{place}: its interval is not in order: {ci}"
    yield from _within(f"{place}: its p-value", figure.get("p_value"), 0, 1)
    if _is_after(figure["asof"], now):
        yield f"{place}: it knows of {figure['asof']}, which is later than now"


def _of_symbol(symbol: str, tree: Any) -> Iterator[str]:
    advice = _mapping(tree, "recommendation")
    yield from _within(f"{symbol}: the confidence", _value(advice.get("confidence")), 0, 1)
    for horizon, told in _mapping(tree, "prediction").items():
        yield from _chances(f"{symbol} {horizon}", told)
    yield from _of_size(symbol, str(advice.get("action", "HOLD")), _mapping(tree, "sizing"))
    if advice.get("action") in ("BUY", "SELL"):
        yield from _of_signal(symbol, advice, _mapping(tree, "prediction", str(advice.get("horizon"))))


def _of_size(symbol: str, action: str, sizing: Mapping[str, Any]) -> Iterator[str]:
    for name, cap in _mapping(sizing, "caps").items():
        value = _value(cap)
        if value is not None and _number(value) < 0:
            yield f"{symbol}: the cap by {name} is negative: {value}"
    for name in ("contracts", "micro"):
        value = _value(sizing.get(name))
        if value is not None and not _is_on_side(value, _SIDES.get(action, 0)):
            yield f"{symbol}: {value} {name} are not on the side of {action}"


def _is_on_side(value: Any, side: int) -> bool:
    return _number(value) * side >= 0 if side else value == 0


def _of_signal(symbol: str, advice: Mapping[str, Any], prediction: Mapping[str, Any]) -> Iterator[str]:
    score = _value(_mapping(advice, "out_of_sample").get("brier_skill"))
    if score is None:
        yield f"{symbol}: {advice['action']} has no score out of sample"
    elif not _mapping(prediction, "gate").get("passed"):
        yield f"{symbol}: {advice['action']} has not passed the gate"


def _chances(place: str, told: Any) -> Iterator[str]:
    for name in _CHANCES:
        yield from _within(f"{place}: the {name.replace('_', ' ')}", _value(_mapping(told).get(name)), 0, 1)


def _within(place: str, value: Any, low: float, high: float) -> Iterator[str]:
    if value is not None and not low - _ROUNDING <= _number(value) <= high + _ROUNDING:
        yield f"{place} is not within {low} and {high}: {value}"


def _value(node: Any) -> Any:
    return node["value"] if is_figure(node) else node


def _number(value: Any) -> float:
    # What is no number is within no bounds.
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


def _mapping(node: Any, *path: str) -> Mapping[str, Any]:
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _is_after(told: Any, now: datetime) -> bool:
    try:
        return parse_instant(str(told)) > now
    except Rejected:
        return True
