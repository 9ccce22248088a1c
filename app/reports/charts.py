"""The drawings of a report, from what the document has for them; what it lacks is not drawn."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from app.analysis.findings import is_figure
from app.reports.picking import first_number, level_rows, lists_named, mapping, number_of, part
from app.reports.svg import bar_chart, calibration_plot, heat_map, price_line

_PREDICTED: Final = ("predicted", "mean_p", "p", "forecast", "mean")
_OBSERVED: Final = ("observed", "rate", "frequency", "hit_rate", "share")
_LABEL: Final = ("label", "bucket", "time", "start", "minute", "name")
_HEIGHT: Final = ("value", "factor", "volatility", "mean", "level")
_PAIR: Final = re.compile(r"[/|:,~ ]")


def symbol_charts(tree: Mapping[str, Any], record: Any) -> list[tuple[str, Markup]]:
    """The drawings of one symbol with their names: closes with levels, volatility in the day, calibration."""
    made = (
        ("Closes and levels", price_line(closes_of(tree), levels_of(tree))),
        ("Volatility within the session", bar_chart(diurnal_of(tree), "Volatility within the session")),
        ("Calibration out of sample", calibration_plot(calibration_of(tree.get("prediction")))),
        ("Calibration of past predictions", calibration_plot(calibration_of(record))),
    )
    return [(name, drawing) for name, drawing in made if drawing]


def correlation_chart(portfolio: Any) -> Markup:
    """The correlations as a heat map; empty where there are none."""
    names, matrix = correlations_of(part(portfolio, "correlation"))
    return heat_map(names, matrix, "Correlations")


def closes_of(tree: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The closes with their instants."""
    return _pairs(mapping(tree, "charts").get("closes"))


def levels_of(tree: Mapping[str, Any]) -> list[tuple[float, str]]:
    """Prices of levels with their side."""
    priced = [(number_of(row[path[-1]]), side) for side, path, row in level_rows(tree)]
    return [(price, side) for price, side in priced if price is not None]


def diurnal_of(tree: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The volatility of the parts of a session, by label."""
    places = (
        mapping(tree, "charts"),
        mapping(tree, "seasonality"),
        mapping(tree, "regime"),
        mapping(tree, "volatility"),
    )
    for place in places:
        for values in lists_named(place, ("diurnal",)):
            if found := _pairs(values):
                return found
        for name in ("diurnal", "volatility"):
            told = part(place, name)
            if isinstance(told, Mapping) and len(found := _numbers(told)) > 2:
                return found
    return []


def calibration_of(node: Any) -> list[tuple[float, float, float]]:
    """Bins of predictions as (predicted, observed, n); of the first list that has any."""
    for values in lists_named(node, ("calibration", "reliability", "bins")):
        rows = [row for row in values if isinstance(row, Mapping)]
        told = [(first_number(row, _PREDICTED), first_number(row, _OBSERVED), _count(row)) for row in rows]
        found = [(p, seen, n) for p, seen, n in told if p is not None and seen is not None]
        if found:
            return found
    return []


def correlations_of(node: Any) -> tuple[list[str], dict[tuple[str, str], float]]:
    """The names and the numbers of a matrix, which may be nested by name, or by pairs such as ES/NQ."""
    matrix: dict[tuple[str, str], float] = {}
    _collect(node, matrix)
    names = list(dict.fromkeys(name for pair in matrix for name in pair))
    for name in names if len(names) > 1 else ():
        matrix.setdefault((name, name), 1.0)
    return names, matrix


def _collect(node: Any, matrix: dict[tuple[str, str], float], above: str = "") -> None:
    if not isinstance(node, Mapping) or is_figure(node):
        return
    for key, value in node.items():
        number = number_of(value)
        pair = [name for name in _PAIR.split(str(key)) if name]
        if number is not None and abs(number) <= 1:
            if len(pair) == 2 and all(map(_is_symbol, pair)):
                matrix.setdefault((pair[0], pair[1]), number)
            elif _is_symbol(str(key)) and _is_symbol(above):
                matrix.setdefault((above, str(key)), number)
        else:
            _collect(value, matrix, str(key))


def _is_symbol(name: str) -> bool:
    return bool(name) and name == name.upper() and any(letter.isalpha() for letter in name)


def _count(row: Mapping[str, Any]) -> float:
    own = number_of(row.get("n"))
    inner = next((value.get("n") for value in row.values() if is_figure(value)), None)
    return own if own is not None else number_of(inner) or 0.0


def _pairs(values: Any) -> list[tuple[str, float]]:
    if not isinstance(values, Sequence) or isinstance(values, str):
        return []
    return [pair for place, value in enumerate(values) if (pair := _pair(place, value)) is not None]


def _pair(place: int, value: Any) -> tuple[str, float] | None:
    if isinstance(value, Mapping) and not is_figure(value):
        label = next((str(value[name]) for name in _LABEL if name in value), str(place))
        number = first_number(value, _HEIGHT)
    elif isinstance(value, Sequence) and not isinstance(value, str) and len(value) >= 2:
        label, number = str(value[0]), number_of(value[1])
    else:
        label, number = str(place), number_of(value)
    return None if number is None else (label, number)


def _numbers(told: Mapping[str, Any]) -> list[tuple[str, float]]:
    found = [(str(key), number_of(value)) for key, value in told.items()]
    return [(key, number) for key, number in found if number is not None]
