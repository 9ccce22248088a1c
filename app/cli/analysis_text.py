"""What a finished analysis says on the command line: a few lines for each symbol, each figure with what it rests on."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.analysis.findings import is_figure

Plain = Mapping[str, Any]


def symbol_lines(symbol: str, tree: Plain) -> Iterator[str]:
    """The lines of one symbol of a document; parts that the kind of analysis does not have give no line."""
    yield f"{symbol}:"
    for line in _lines(tree):
        yield f"  {line}"


def portfolio_lines(portfolio: Plain) -> Iterator[str]:
    """What concerns all symbols together, where there is such a part."""
    for name, label in (("diversification_ratio", "Diversification ratio"), ("effective_bets", "Effective bets")):
        figure = _find(portfolio, "diversification", "equal", name)
        if figure is not None:
            yield f"{label} of equal shares: {_text(figure, '.2f')}"


def _lines(tree: Plain) -> Iterator[str]:
    yield from _scores(tree)
    yield from _recommendation(tree.get("recommendation", {}))
    if (size := _find(tree, "sizing", "contracts")) is not None:
        yield f"Size: {_text(size, 'd')}"
    quality = tree.get("quality", {})
    if quality:
        reasons = "; ".join(quality.get("reasons", ()))
        yield f"Data quality: {quality['verdict']}{f' ({reasons})' if reasons else ''}"


def _scores(tree: Plain) -> Iterator[str]:
    if (score := _find(tree, "trend", "combined")) is not None:
        yield f"Trend Score: {_text(score, '.2f')}"
    if (volatility := _find(tree, "volatility", "realised")) is not None:
        yield f"Volatility: {_text(volatility, '.1%', _find(tree, 'volatility', 'label'))}"
    if (strength := _find(tree, "levels", "together")) is not None:
        yield f"Pattern Strength: {_text(strength, '.2f')}"
        yield from _nearest(tree["levels"])
    if (regimes := _find(tree, "regime", "regimes")) is not None:
        yield f"Regimes: {_text(regimes, 'd')}"
    for span, name in (("session", "a session"), ("1h", "an hour")):
        if (tail := _find(tree, "risk", span, "var_99", "fhs")) is not None:
            yield f"VaR 99 % of {name}: {_text(tail, '.2%')}"


def _nearest(levels: Plain) -> Iterator[str]:
    for side in ("support", "resistance"):
        for one in levels.get(side, ())[:1]:
            yield f"Nearest {side}: {one['level']['value']:,.10g} (strength {_text(one['pattern_strength'], '.2f')})"


def _recommendation(told: Plain) -> Iterator[str]:
    if not told:
        return
    confidence = told["confidence"]
    why = f": {told['reason']}" if told.get("reason") else ""
    yield f"Recommendation: {told['action']} (Confidence: {confidence['value']:.2f}, n = {confidence['n']:,}){why}"
    skill = told.get("out_of_sample", {}).get("brier_skill")
    if is_figure(skill):
        yield f"Out of sample at {told['horizon']}: Brier skill {_text(skill, '+.4f')}"


def _find(tree: Plain, *path: str) -> Plain | None:
    node: Any = tree
    for name in path:
        if not isinstance(node, Mapping) or name not in node:
            return None
        node = node[name]
    return node if is_figure(node) else None


def _text(figure: Plain, form: str, label: Plain | None = None) -> str:
    value = figure["value"]
    number = "n/a" if value is None else format(value, form) if isinstance(value, int | float) else str(value)
    named = figure if label is None else label
    notes = [named.get("label", ""), f"n = {figure['n']:,}"]
    if "p_value" in figure:
        notes.append(f"p = {figure['p_value']:.3f}")
    notes.append("" if figure["status"] == "ok" else figure["status"].replace("_", " "))
    notes += _reasons(figure, named)
    return f"{number} ({', '.join(note for note in notes if note)})"


def _reasons(figure: Plain, label: Plain) -> Iterator[str]:
    yield figure.get("reason", "")
    # Without a figure there is nothing that could be put in a word.
    if label is not figure and figure["value"] is not None:
        yield label.get("reason", "")
