"""What stands on top of a report: one short table per symbol with what a trader looks for first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.findings import figures, is_figure
from app.reports.layout import Entry, Path, entry_of
from app.reports.picking import leading_figures, level_rows, mapping, part
from app.reports.wording import title_of

MOST_LEVELS: Final = 6
MOST_FIGURES: Final = 4
_TIMEFRAMES: Final = ("1m", "5m", "15m", "1h", "session")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table on top: what it is about and the entries that tell it."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """A symbol at a glance; `reason` is why it is recommended so, empty where the document does not say."""

    symbol: str
    action: str
    reason: str
    reason_code: str
    rows: tuple[Row, ...]


def overview_of(symbol: str, document: Mapping[str, Any]) -> Overview:
    """What the document says of a symbol at a glance; parts that it lacks are left out."""
    tree = mapping(document, "symbols", symbol)
    told = mapping(tree, "recommendation")
    base: Path = ("symbols", symbol)
    rows = (
        Row("Recommendation", _recommendation(told, (*base, "recommendation"))),
        Row("Out of sample", _all(told, (*base, "recommendation"), "out_of_sample")),
        Row("Trend", _trend(mapping(tree, "trend"), (*base, "trend"))),
        Row("Volatility", _leading(tree, base, "volatility", ("realised", "label", "bipower"), 2)),
        Row("Levels", _levels(tree, base)),
        Row("Correlation", _correlation(symbol, document)),
        Row("Regime", _leading(tree, base, "regime", ("state", "regime", "probability", "duration"), MOST_FIGURES)),
        Row("Risk", _leading(tree, base, "risk", ("fhs", "var", "es", "drawdown"), MOST_FIGURES)),
        Row("Size", _leading(tree, base, "sizing", ("contracts", "size", "position"), MOST_FIGURES)),
        Row("Data quality", _quality(mapping(tree, "quality"), (*base, "quality"))),
        Row("Past predictions", _record(symbol, document)),
    )
    return Overview(
        symbol=symbol,
        action=_text(told.get("action")),
        reason=_text(told.get("reason")),
        reason_code=_text(told.get("reason_code")),
        rows=tuple(row for row in rows if row.entries),
    )


def _recommendation(told: Mapping[str, Any], path: Path) -> tuple[Entry, ...]:
    wanted = ("confidence", "net_edge", "horizon", "n_tried")
    return tuple(entry_of(title_of(name), told[name], (*path, name)) for name in wanted if told.get(name) is not None)


def _all(tree: Mapping[str, Any], path: Path, name: str) -> tuple[Entry, ...]:
    return tuple(_entry(found, figure, (*path, name)) for found, figure in figures(mapping(tree, name)))


def _trend(told: Mapping[str, Any], path: Path) -> tuple[Entry, ...]:
    # What comes out of the database has lost its order.
    known = [name for name in _TIMEFRAMES if name in told]
    names = [*known, *(name for name in told if name not in known)]
    found = [
        Entry(name, (*path, name, "score"), figure=score)
        for name in names
        if is_figure(score := part(told[name], "score"))
    ]
    if is_figure(combined := told.get("combined")):
        found.append(Entry("combined", (*path, "combined"), figure=combined))
    return tuple(found)


def _leading(tree: Any, base: Path, name: str, words: tuple[str, ...], most: int) -> tuple[Entry, ...]:
    told = part(tree, name)
    return tuple(_entry(found, figure, (*base, name)) for found, figure in leading_figures(told, words, most))


def _levels(tree: Any, base: Path) -> tuple[Entry, ...]:
    rows = level_rows(tree)
    told = [entry_of(side or "level", row[path[-1]], (*base, *path)) for side, path, row in rows]
    return tuple(told[:MOST_LEVELS])


def _correlation(symbol: str, document: Mapping[str, Any]) -> tuple[Entry, ...]:
    base = ("portfolio", "correlation")
    found = [
        _entry(path, figure, base)
        for path, figure in figures(part(document, *base))
        if symbol in path or any(symbol in step.replace("|", "/").split("/") for step in path)
    ]
    return tuple(found[:MOST_FIGURES])


def _quality(told: Mapping[str, Any], path: Path) -> tuple[Entry, ...]:
    wanted = ("verdict", "reasons", "sessions")
    return tuple(entry_of(title_of(name), told[name], (*path, name)) for name in wanted if told.get(name))


def _record(symbol: str, document: Mapping[str, Any]) -> tuple[Entry, ...]:
    base = ("track_record", symbol)
    words = ("skill", "brier", "hit", "coverage")
    return tuple(
        _entry(path, figure, base) for path, figure in leading_figures(part(document, *base), words, MOST_FIGURES)
    )


def _entry(path: Path, figure: Mapping[str, Any], base: Path) -> Entry:
    name = " · ".join(title_of(step) for step in path) or title_of(base[-1])
    return Entry(name, (*base, *path), figure=figure)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
