"""The report before the open as a document: what its analysis says that matters then, copied figure by figure."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from app.analysis.document import NOT_PREDICTED, REASONS
from app.analysis.findings import Basis, is_figure
from app.clock import instant_text, parse_instant
from app.reports.csv_rows import csv_export
from app.reports.picking import mapping, part
from app.reports.premarket_positions import positions_together

VERSION: Final = 1
_TAILS: Final = ("var_95", "es_95", "var_99", "es_99")
_UNTESTED: Final = "the analysis gives no score out of sample"
_ADVICE: Final = ("action", "confidence", "strength", "reason_code", "reason", "horizon", "valid_until", "net_edge")


def premarket_document(
    *,
    market: str,
    day: date,
    opens_at: datetime,
    analysis: Mapping[str, Any],
    rests_on: str,
    stages: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """The report on a trading day, of plain JSON; a number that is not finite is a ValueError.

    `analysis` is the document of a job of stage `rests_on`, `stages` are `stage_form`s, and `left_out` tells by symbol
    why it was not analysed. Figures are those of the analysis. What to hold of all symbols together is worked out
    anew (`risk/positions`). No signal is without its score out of sample, or the reason why there is none.
    """
    told = {
        "version": VERSION,
        "market": market,
        "session_date": day.isoformat(),
        "opens_at": instant_text(opens_at),
        "made_at": instant_text(now),
        "asof": analysis["asof"],
        "rests_on": rests_on,
        "job_id": part(analysis, "job", "id"),
        **_found(analysis, opens_at),
        "left_out": dict(left_out),
        "stages": [dict(stage) for stage in stages],
    }
    plain: dict[str, Any] = json.loads(json.dumps(told, allow_nan=False))
    return plain


def premarket_csv(document: Mapping[str, Any]) -> str:
    """Every figure of the report as a row, as `csv_export` writes them."""
    return csv_export(document)


def _found(analysis: Mapping[str, Any], opens_at: datetime) -> dict[str, Any]:
    trees = mapping(analysis, "symbols")
    signals = {symbol: _signal(tree, opens_at, str(analysis["asof"])) for symbol, tree in trees.items()}
    return {
        "symbols": list(trees),
        "signals": signals,
        "risk": _risk(analysis, signals),
        "outlook": {symbol: _outlook(tree) for symbol, tree in trees.items()},
        "correlation": dict(mapping(analysis, "portfolio", "correlation")),
        "expected_ranges": {symbol: _ranges(tree) for symbol, tree in trees.items()},
        "performance": dict(mapping(analysis, "track_record")),
        "data": {symbol: _data(symbol, analysis) for symbol in trees},
    }


def _signal(tree: Any, opens_at: datetime, asof: str) -> dict[str, Any]:
    told = mapping(tree, "recommendation")
    if not told:
        return _unpredicted(asof)
    until = str(told.get("valid_until") or asof)
    holds = parse_instant(until) > opens_at
    early = f"it ends at {until[11:16]} UTC on {until[:10]}, before the open"
    return {
        **{name: told.get(name) for name in _ADVICE},
        "holds_at_open": holds,
        "note": "" if holds else early,
        "out_of_sample": _tested(told, asof),
        "predictions": {name: _prediction(one, opens_at) for name, one in mapping(tree, "prediction").items()},
    }


def _prediction(told: Any, opens_at: datetime) -> dict[str, Any]:
    wanted = ("probability", "base_rate", "expected_move", "target_ts", "gate")
    until = part(told, "target_ts")
    holds = {} if until is None else {"holds_at_open": parse_instant(until) > opens_at}
    return {name: told[name] for name in wanted if name in told} | holds


def _tested(told: Mapping[str, Any], asof: str) -> dict[str, Any]:
    scores = mapping(told, "out_of_sample")
    if any(is_figure(one) for one in scores.values()):
        return dict(scores)
    return _untested(told.get("reason") or _UNTESTED, asof)


def _untested(reason: str, asof: str) -> dict[str, Any]:
    basis = Basis("no predictions", parse_instant(asof))
    return {"brier_skill": basis.missing(0, "no score out of sample", reason).to_plain()}


def _unpredicted(asof: str) -> dict[str, Any]:
    reason, basis = REASONS[NOT_PREDICTED], Basis("no predictions", parse_instant(asof))
    return {
        "action": "HOLD",
        "confidence": basis.missing(0, "no prediction", reason).to_plain(),
        "strength": 0.0,
        "reason_code": NOT_PREDICTED,
        "reason": reason,
        "horizon": None,
        "valid_until": asof,
        "net_edge": basis.missing(0, "no prediction", reason).to_plain(),
        "holds_at_open": False,
        "note": "",
        "out_of_sample": _untested(reason, asof),
        "predictions": {},
    }


def _risk(analysis: Mapping[str, Any], signals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    trees = mapping(analysis, "symbols")
    sizings = {symbol: mapping(tree, "sizing") for symbol, tree in trees.items()}
    parameters = mapping(analysis, "question", "parameters")
    asof = parse_instant(str(analysis["asof"]))
    return {
        "symbols": {symbol: _tails(tree) | {"sizing": dict(sizings[symbol])} for symbol, tree in trees.items()},
        "positions": positions_together(signals, sizings, parameters, asof),
    }


def _tails(tree: Any) -> dict[str, Any]:
    """Of each tail the figure of the method that comes first."""
    told = {
        span: {name: figure for name in _TAILS if is_figure(figure := part(tree, "risk", span, name, "fhs"))}
        for span in ("session", "1h")
    }
    return told | {"contract": dict(mapping(tree, "risk", "contract"))}


def _outlook(tree: Any) -> dict[str, Any]:
    trend = mapping(tree, "trend")
    scores = {name: part(told, "score") for name, told in trend.items() if is_figure(part(told, "score"))}
    combined = {"combined": trend["combined"]} if is_figure(trend.get("combined")) else {}
    volatility = mapping(tree, "volatility")
    return {
        "regime": {name: one for name, one in mapping(tree, "regime").items() if is_figure(one)},
        "volatility": {name: volatility[name] for name in ("realised", "label") if is_figure(volatility.get(name))},
        "trend": combined | scores,
    }


def _ranges(tree: Any) -> dict[str, Any]:
    """By horizon the interval of the price at its end, with the price from which on and how often it held."""
    forecasts, predictions = mapping(tree, "forecast"), mapping(tree, "prediction")
    found = {}
    for horizon in dict.fromkeys((*forecasts, *predictions)):
        told, said = mapping(forecasts, horizon), mapping(predictions, horizon)
        interval = told.get("interval") or said.get("interval")
        if is_figure(interval):
            known = {name: told[name] for name in ("base", "coverage") if is_figure(told.get(name))}
            ends = {"target_ts": said["target_ts"]} if "target_ts" in said else {}
            found[horizon] = {**known, **ends, "interval": interval}
    return found


def _data(symbol: str, analysis: Mapping[str, Any]) -> dict[str, Any]:
    quality, read = mapping(analysis, "symbols", symbol, "quality"), mapping(analysis, "inputs", symbol)
    wanted = ("source", "first_day", "last_day", "from_bars", "left_out", "data_hash")
    return {
        "verdict": quality.get("verdict"),
        "reasons": list(quality.get("reasons") or ()),
        **({"sessions": quality["sessions"]} if is_figure(quality.get("sessions")) else {}),
        **{name: read[name] for name in wanted if name in read},
    }
