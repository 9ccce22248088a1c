"""Small drawings as inline SVG: no script, no style attribute, no address; colours come from the page's classes."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup, escape

from app.reports.wording import rounded

WIDTH: Final = 640
MOST_POINTS: Final = 600
_TALL: Final = 180
_EDGE: Final = 8
_RIGHT: Final = 96
_LETTER: Final = 15
_KINDS: Final = frozenset({"support", "resistance", "now"})

_FRAME: Final = Markup('<rect class="frame" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_DIAGONAL: Final = Markup('<line class="level" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
_BAR: Final = Markup(
    '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}: {}</title></rect>'
)
_LEVEL: Final = Markup('<line class="level {}" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"><title>{} {}</title></line>')
_HEAT: Final = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" fill-opacity="{:.2f}"/>')


def price_line(points: Sequence[tuple[str, float]], levels: Sequence[tuple[float, str]] = ()) -> Markup:
    """Closes as a line with the levels (price, side) as dashed ones; empty for fewer than two points.

    Levels far outside of the prices are left out: they would flatten the line.
    """
    if len(points) < 2:
        return Markup("")
    shown = _thinned(points)
    prices = [price for _, price in shown]
    low, high = min(prices), max(prices)
    room = (high - low) or abs(high) or 1.0
    kept = [(price, side) for price, side in levels if low - room / 2 <= price <= high + room / 2]
    scale = _Scale([*prices, *(price for price, _ in kept)], _TALL)
    step = (WIDTH - _RIGHT - _EDGE) / (len(shown) - 1)
    line = " ".join(f"{_EDGE + place * step:.1f},{scale(price):.1f}" for place, price in enumerate(prices))
    drawn = [_level(price, side, scale(price)) for price, side in kept]
    drawn.append(Markup('<polyline class="line" points="{}"/>').format(line))
    drawn += _prices([(prices[-1], "now"), *kept], scale)
    drawn.append(_text(_EDGE, _TALL - 2, shown[0][0][:16].replace("T", " "), "axis"))
    drawn.append(_text(WIDTH - _RIGHT, _TALL - 2, shown[-1][0][:16].replace("T", " "), "axis end"))
    return _drawing("Closes and levels", _TALL, drawn)


def calibration_plot(points: Sequence[tuple[float, float, float]]) -> Markup:
    """Predicted probability against observed frequency, (predicted, observed, n); on the diagonal they agree."""
    if not points:
        return Markup("")
    size, most = 260, max(max(n for _, _, n in points), 1.0)
    span = size - 2 * _EDGE - 16

    def place(x: float, y: float) -> tuple[float, float]:
        return _EDGE + 16 + x * span, size - _EDGE - 16 - y * span

    (x0, y0), (x1, y1) = place(0, 0), place(1, 1)
    drawn = [
        _FRAME.format(x0, y1, x1 - x0, y0 - y1),
        _DIAGONAL.format(x0, y0, x1, y1),
    ]
    for predicted, observed, n in points:
        x, y = place(min(max(predicted, 0.0), 1.0), min(max(observed, 0.0), 1.0))
        radius = 3 + 5 * (n / most) ** 0.5
        drawn.append(Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(x, y, radius))
    drawn.append(_text(x0, size - 4, "predicted 0 to 1, observed upwards", "axis"))
    return _drawing("Calibration: predicted against observed", size, drawn, width=size)


def bar_chart(values: Sequence[tuple[str, float]], name: str) -> Markup:
    """Bars from zero, in order, with the first and last label below."""
    if not values:
        return Markup("")
    tall = 120
    scale = _Scale([0.0, *(value for _, value in values)], tall)
    step = (WIDTH - 2 * _EDGE) / len(values)
    drawn = []
    for number, (label, value) in enumerate(values):
        top, bottom = sorted((scale(value), scale(0.0)))
        left, tall_of = _EDGE + number * step, max(bottom - top, 0.5)
        drawn.append(_BAR.format(left, top, step * 0.8, tall_of, label, rounded(value)))
    drawn.append(_text(_EDGE, tall - 2, values[0][0], "axis"))
    drawn.append(_text(WIDTH - _EDGE, tall - 2, values[-1][0], "axis end"))
    return _drawing(name, tall, drawn)


def heat_map(names: Sequence[str], matrix: Mapping[tuple[str, str], float], name: str) -> Markup:
    """Numbers from -1 to 1 by pair of names as a square of coloured cells; a pair that is missing stays empty."""
    if len(names) < 2:
        return Markup("")
    cell, left = 46, 64
    drawn = []
    for row, one in enumerate(names):
        drawn.append(_text(left - 6, 20 + row * cell + cell / 2 + 4, one, "axis end"))
        drawn.append(_text(left + row * cell + cell / 2, 14, one, "axis middle"))
        for column, other in enumerate(names):
            value = matrix.get((one, other), matrix.get((other, one)))
            if value is not None:
                drawn.append(_heat(left + column * cell, 20 + row * cell, cell, value))
    return _drawing(name, 24 + len(names) * cell, drawn, width=left + len(names) * cell + 4)


class _Scale:
    """From values to heights of a drawing, the largest on top."""

    def __init__(self, values: Sequence[float], tall: int) -> None:
        self._low, high = min(values), max(values)
        self._span = (high - self._low) or 1.0
        self._room = tall - 2 * _EDGE - 14
        self._flat = high == self._low

    def __call__(self, value: float) -> float:
        share = 0.5 if self._flat else (value - self._low) / self._span
        return _EDGE + (1 - share) * self._room


def _thinned(points: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    step = -(-len(points) // MOST_POINTS)
    kept = list(points[::step])
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def _prices(told: Sequence[tuple[float, str]], scale: "_Scale") -> list[Markup]:
    # The first has its place; of the others those that would lie upon another one go without their price.
    drawn, taken = [], list[float]()
    for price, kind in told:
        height = scale(price) + 4
        if all(abs(height - other) >= _LETTER for other in taken):
            taken.append(height)
            drawn.append(_text(WIDTH - _RIGHT + 4, height, rounded(price), kind if kind in _KINDS else ""))
    return drawn


def _level(price: float, side: str, height: float) -> Markup:
    kind = side if side in _KINDS else ""
    return _LEVEL.format(kind, _EDGE, height, WIDTH - _RIGHT, height, side, rounded(price))


def _heat(x: float, y: float, cell: int, value: float) -> Markup:
    kind = "warm" if value >= 0 else "cold"
    filled = _HEAT.format(kind, x, y, cell - 2, cell - 2, min(abs(value), 1.0) * 0.85)
    return filled + _text(x + cell / 2 - 1, y + cell / 2 + 4, f"{value:.2f}", "axis middle")


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _drawing(name: str, tall: float, drawn: Sequence[Markup], width: float = WIDTH) -> Markup:
    head = Markup('<svg viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}" role="img"><title>{}</title>')
    return head.format(width, tall, width, tall, escape(name)) + Markup("").join(drawn) + Markup("</svg>")
