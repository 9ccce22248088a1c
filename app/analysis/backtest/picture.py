"""A picture of what chance earned, and of what a rule did: a histogram as SVG."""

from html import escape
from typing import Final

import numpy as np

from app.analysis.backtest.chance import Chance

WIDTH: Final = 640
HEIGHT: Final = 220
_BINS: Final = 30
_FLOOR: Final = HEIGHT - 40


def chance_chart(chance: Chance) -> str:
    """The profits of the shuffled markets as bars, the band of noise behind them, the rule's own profit as a line.

    A self-contained SVG element; without draws it says that there is nothing to show.
    """
    value = chance.profit.value
    if chance.low is None or chance.high is None or not isinstance(value, float):
        return _svg(f'<text x="20" y="40">{escape(chance.profit.reason or "nothing to show")}</text>')
    lowest, highest = min(float(chance.draws.min()), value), max(float(chance.draws.max()), value)
    reach = (highest - lowest) or 1.0

    def place(profit: float) -> float:
        return 20 + (profit - lowest) / reach * (WIDTH - 40)

    counts, edges = np.histogram(chance.draws, bins=_BINS, range=(lowest, lowest + reach))
    height = (_FLOOR - 30) / max(int(counts.max()), 1)
    shapes = [_box(place(chance.low), place(chance.high), _FLOOR - 20, "#e8e8e8")]
    shapes += [
        _box(place(left), place(right) - 1, count * height, "#7a9cc6")
        for left, right, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]
    x = place(value)
    shapes.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{_FLOOR}" stroke="#b03030" stroke-width="2"/>')
    told = f"the rule {value:,.0f}; noise {chance.low:,.0f} to {chance.high:,.0f}; p = {chance.profit.p_value:.3f}"
    return _svg("".join(shapes) + f'<text x="20" y="{HEIGHT - 12}">{told}</text>')


def _box(left: float, right: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{left:.1f}" y="{_FLOOR - height:.1f}" width="{max(right - left, 0.5):.1f}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def _svg(content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="13" role="img">{content}</svg>'
    )
