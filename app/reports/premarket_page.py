"""The report before the open as one page: what matters first, on a page of paper, and then the whole analysis."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from app.analysis.findings import is_figure
from app.reports.charts import correlation_chart
from app.reports.html import TEMPLATES, environment, report_body, stylesheet
from app.reports.layout import Entry
from app.reports.local_times import clock_of, moment_of, zone_of
from app.reports.measures import readable
from app.reports.picking import mapping, number_of, part

_WORDS: Final[Mapping[str, str]] = {
    "READY": "The report was made in time, and nothing was amiss.",
    "DEGRADED": "The report was made in time. Mind what is told below.",
    "LATE": "The report was not made in time.",
    "MISSING": "There was no report at the open.",
}
_NO_VERDICT: Final = "It cannot be told yet whether this can be used at the open."
_TIMEFRAMES: Final = ("combined", "1m", "5m", "15m", "1h", "session")
_HORIZONS: Final = ("5m", "15m", "1h")

_TIMES: Final[Mapping[str, str]] = {
    "planned_at": "Planned", "deadline_at": "To be done by", "started_at": "Begun", "done_at": "Done",
}  # fmt: skip


class _Verdict(NamedTuple):
    name: str
    kind: str
    words: str
    reasons: list[str]


def premarket_html(
    document: Mapping[str, Any], analysis: Mapping[str, Any] | None, standing: Mapping[str, Any] | None = None
) -> str:
    """The report as a page of HTML that needs nothing else: no script, no address.

    `analysis` is the document that it rests on, whose report follows. `standing` is the ladder's `report_form` at
    present, whose verdict, reasons and stages are shown: they change after the report was made.
    """
    return environment().get_template("premarket.html").render(_page_of(document, analysis, standing or {}))


def verdict_words(verdict: str | None) -> str:
    """What a verdict means, in a sentence."""
    return _WORDS.get(verdict or "", _NO_VERDICT)


def _page_of(
    document: Mapping[str, Any], analysis: Mapping[str, Any] | None, standing: Mapping[str, Any]
) -> dict[str, Any]:
    symbols = [str(symbol) for symbol in document["symbols"]]
    correlation = mapping(document, "correlation")
    ranges, horizons = _ranges(document, symbols)
    return {
        "title": f"{document['market']} before the open of {document['session_date']}",
        "document": document,
        "opens": moment_of(document, document["opens_at"]),
        "made": moment_of(document, document["made_at"]),
        "known": moment_of(document, document["asof"]),
        "zone": zone_of(document).key,
        "verdict": _verdict(standing),
        "signals": [_signal(symbol, document) for symbol in symbols],
        "left_out": sorted(mapping(document, "left_out").items()),
        "ranges": ranges,
        "horizons": horizons,
        "risks": [_risk(symbol, document) for symbol in symbols],
        "together": _together(document),
        "outlooks": [_outlook(symbol, document, _timeframes(document, symbols)) for symbol in symbols],
        "timeframes": _timeframes(document, symbols),
        "heat": correlation_chart({"correlation": {"matrix": _in_order(correlation.get("matrix"), symbols)}}),
        "correlation": _correlated(correlation),
        "records": list(_records(document, symbols)),
        "stages": [_stage(one, document) for one in standing.get("stages") or document["stages"]],
        "datas": [_data(symbol, document) for symbol in symbols],
        "body": report_body(analysis) if analysis else "",
        "css": stylesheet() + (TEMPLATES / "premarket.css").read_text(encoding="utf-8"),
    }


def _verdict(standing: Mapping[str, Any]) -> _Verdict:
    name = standing.get("verdict")
    kind = str(name).lower() if name in _WORDS else "none_yet"
    return _Verdict(name or "NO VERDICT YET", kind, verdict_words(name), list(standing.get("reasons") or ()))


def _entry(document: Mapping[str, Any], *path: str) -> Entry | None:
    figure = part(document, *path)
    return Entry("", path, figure=figure) if is_figure(figure) else None


def _signal(symbol: str, document: Mapping[str, Any]) -> dict[str, Any]:
    told, base = mapping(document, "signals", symbol), ("signals", symbol)
    scores = mapping(told, "out_of_sample")
    skill = "brier_skill" if is_figure(scores.get("brier_skill")) else next(iter(scores), "brier_skill")
    return {
        "symbol": symbol,
        **{name: told.get(name) for name in ("action", "horizon", "note")},
        "reason": told.get("reason") or "",
        "until": told.get("valid_until"),
        "until_local": clock_of(document, told.get("valid_until")),
        "size": _entry(document, "risk", "positions", "contracts", symbol),
        "confidence": _entry(document, *base, "confidence"),
        "skill": _entry(document, *base, "out_of_sample", skill),
        "hits": _entry(document, *base, "out_of_sample", "hit_rate"),
        "edge": _entry(document, *base, "net_edge"),
    }


def _ranges(document: Mapping[str, Any], symbols: list[str]) -> tuple[list[Any], list[str]]:
    told = mapping(document, "expected_ranges")
    known = {horizon for symbol in symbols for horizon in mapping(told, symbol)}
    horizons = [name for name in _HORIZONS if name in known] + sorted(known - set(_HORIZONS))
    names = ("base", "interval", "coverage")
    rows = [
        (symbol, [(one, {n: _entry(document, "expected_ranges", symbol, one, n) for n in names}) for one in horizons])
        for symbol in symbols
    ]
    return (rows if horizons else []), horizons


def _risk(symbol: str, document: Mapping[str, Any]) -> dict[str, Any]:
    base = ("risk", "symbols", symbol)
    micro = number_of(part(document, *base, "sizing", "micro"))
    return {
        "symbol": symbol,
        "var": _entry(document, *base, "session", "var_99"),
        "es": _entry(document, *base, "session", "es_99"),
        "hour": _entry(document, *base, "1h", "var_99"),
        "contract": _entry(document, *base, "contract", "var_99"),
        "single": _entry(document, *base, "sizing", "micro" if micro else "contracts"),
        "together": _entry(document, "risk", "positions", "contracts", symbol),
    }


def _together(document: Mapping[str, Any]) -> str:
    told = mapping(document, "risk", "positions")
    limit, used = number_of(told.get("limit")), number_of(told.get("sum_of_single_var"))
    if limit is None or used is None:
        return ""
    return (
        f"Together: {told.get('method')}. The limit is {readable(limit, 'plain')}, and what the positions by "
        f"themselves put at risk comes to {readable(round(used, 2), 'plain')}."
    )


def _timeframes(document: Mapping[str, Any], symbols: list[str]) -> list[str]:
    known = {name for symbol in symbols for name in mapping(document, "outlook", symbol, "trend")}
    return [name for name in _TIMEFRAMES if name in known] + sorted(known - set(_TIMEFRAMES))


def _outlook(symbol: str, document: Mapping[str, Any], timeframes: list[str]) -> dict[str, Any]:
    base = ("outlook", symbol)
    state = _entry(document, *base, "regime", "state")
    return {
        "symbol": symbol,
        "regime": state or _entry(document, *base, "regime", "regimes"),
        "volatility": _entry(document, *base, "volatility", "realised"),
        "rank": _entry(document, *base, "volatility", "label"),
        "trend": [(name, _entry(document, *base, "trend", name)) for name in timeframes],
    }


def _in_order(matrix: Any, symbols: list[str]) -> dict[str, Any]:
    # What comes out of the database has lost its order.
    rows = mapping(matrix)
    return {one: {other: rows[one][other] for other in symbols if other in rows[one]} for one in symbols if one in rows}


def _correlated(correlation: Mapping[str, Any]) -> str:
    rows = mapping(correlation, "matrix").values()
    counts = {figure["n"] for row in rows if isinstance(row, Mapping) for figure in row.values() if is_figure(figure)}
    bars = f"{correlation['timeframe']} bars" if correlation.get("timeframe") else ""
    return ", ".join(text for text in (bars, f"n = {max(counts):,}" if counts else "") if text)


def _records(document: Mapping[str, Any], symbols: list[str]) -> Iterator[dict[str, Any]]:
    for symbol in symbols:
        told = mapping(document, "performance", symbol)
        for horizon in [name for name in _HORIZONS if mapping(told, name)]:
            base = ("performance", symbol, horizon, *(("all",) if mapping(told, horizon, "all") else ()))
            figures = {name: _entry(document, *base, name) for name in ("brier_skill", "hit_rate", "coverage")}
            yield {"symbol": symbol, "horizon": horizon, **figures}


def _stage(told: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    kind = {"done": "ready", "late": "late", "failed": "failed", "skipped": "failed"}.get(str(told.get("status")), "")
    times = [(name, told.get(key), clock_of(document, told.get(key))) for key, name in _TIMES.items()]
    return {**told, "kind": kind, "times": times}


def _data(symbol: str, document: Mapping[str, Any]) -> dict[str, Any]:
    told = mapping(document, "data", symbol)
    days = {"from_bars": "from bars alone", "left_out": "left out"}
    holes = [f"{words}: {', '.join(map(str, told[name]))}" for name, words in days.items() if told.get(name)]
    return {
        "symbol": symbol,
        "verdict": told.get("verdict"),
        "source": told.get("source"),
        "until": told.get("last_day"),
        "sessions": _entry(document, "data", symbol, "sessions"),
        "remarks": [*told.get("reasons", ()), *holes],
    }
