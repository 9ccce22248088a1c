"""What stands on top of a report: one short table per symbol with what a trader looks for first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.analysis.findings import figures, is_figure
from app.reports.layout import Entry, Path, common, entry_of
from app.reports.picking import leading_figures, level_rows, mapping, number_of, part
from app.reports.wording import title_of

MOST_LEVELS: Final = 5
MOST_FIGURES: Final = 4
_TIMEFRAMES: Final = ("1m", "5m", "15m", "1h", "session")
_SIDES: Final = ("resistance", "support")
_WEIGHTY: Final = ("Recommendation", "Trend", "Volatility", "Risk", "Size")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table on top: what it is about and the entries that tell it."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def known(self) -> tuple[Entry, ...]:
        """The entries that have a value."""
        return tuple(entry for entry in self.entries if entry.figure is None or entry.figure["value"] is not None)

    @property
    def missing(self) -> tuple[Entry, ...]:
        """The others; those that lack it for the same reason are one entry."""
        told: dict[tuple[Any, Any], Entry] = {}
        for entry in self.entries:
            figure = entry.figure
            if figure is not None and figure["value"] is None:
                why = (figure["status"], figure.get("reason"))
                told[why] = replace(told[why], name=f"{told[why].name}, {entry.name}") if why in told else entry
        return tuple(told.values())

    @property
    def said_once(self) -> dict[str, Any]:
        """What its known figures have in common of status, reason and n."""
        return common(self.known, ("status", "reason", "n"))


@dataclass(frozen=True, slots=True)
class Overview:
    """A symbol at a glance; `reason` is why it is recommended so, empty where the document does not say."""

    symbol: str
    action: str
    reason: str
    reason_code: str
    rows: tuple[Row, ...]

    @property
    def brief(self) -> dict[str, Entry]:
        """The first known entry of the rows that matter most, by the name of the row."""
        return {row.name: row.known[0] for row in self.rows if row.name in _WEIGHTY and row.known}


def overview_of(symbol: str, document: Mapping[str, Any]) -> Overview:
    """What the document says of a symbol at a glance; parts that it lacks are left out."""
    tree = mapping(document, "symbols", symbol)
    told = mapping(tree, "recommendation")
    base: Path = ("symbols", symbol)
    rows = (
        Row("Recommendation", _recommendation(told, (*base, "recommendation"))),
        Row("Out of sample", _leading(tree, base, ("recommendation", "out_of_sample"), ("hit", "skill"))),
        *(Row(title_of(side or "levels"), entries) for side, entries in _levels(tree, base)),
        Row("Trend", _trend(mapping(tree, "trend"), (*base, "trend"))),
        Row("Volatility", _volatility(tree, base)),
        Row("Regime", _regime(tree, base)),
        Row("Risk", _risk(tree, base)),
        Row("Size", _leading(tree, base, ("sizing",), ("contracts", "size", "position"))),
        Row("Correlation", _correlation(symbol, document)),
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
    wanted = ("confidence", "net_edge", "horizon", "valid_until", "n_tried")
    return tuple(entry_of(title_of(name), told[name], (*path, name)) for name in wanted if told.get(name) is not None)


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
        found.insert(0, Entry("All", (*path, "combined"), figure=combined))
    return tuple(found)


def _volatility(tree: Any, base: Path) -> tuple[Entry, ...]:
    told = mapping(tree, "volatility")
    names = {"realised": "Realised", "label": "Rank in its past"}
    found = [Entry(name, (*base, "volatility", key), figure=told[key]) for key, name in names.items() if key in told]
    kept = [entry for entry in found if is_figure(entry.figure)]
    return tuple(kept) or _leading(tree, base, ("volatility",), ("realised", "bipower"), 2)


def _regime(tree: Any, base: Path) -> tuple[Entry, ...]:
    if number_of(part(tree, "regime", "regimes")) == 1:
        return _leading(tree, base, ("regime",), ("regimes",), 1)
    return _leading(tree, base, ("regime",), ("state", "regime", "probability", "duration"))


def _risk(tree: Any, base: Path) -> tuple[Entry, ...]:
    found = []
    for span in ("session", "1h"):
        for name in ("var_95", "var_99", "es_99"):
            figure = part(tree, "risk", span, name, "fhs")
            if is_figure(figure):
                title = f"{title_of(name)} of {'a session' if span == 'session' else 'an hour'}"
                found.append(Entry(title, (*base, "risk", span, name, "fhs"), figure=figure))
    return tuple(found) or _leading(tree, base, ("risk",), ("fhs", "var", "es", "drawdown"))


def _leading(tree: Any, base: Path, place: Path, words: Sequence[str], most: int = MOST_FIGURES) -> tuple[Entry, ...]:
    told = leading_figures(part(tree, *place), words, most)
    return tuple(_entry(found, figure, (*base, *place)) for found, figure in told)


def _levels(tree: Any, base: Path) -> list[tuple[str, tuple[Entry, ...]]]:
    rows = [(side, path, row) for side, path, row in level_rows(tree) if number_of(row[path[-1]]) is not None]
    rows.sort(key=lambda told: number_of(told[2][told[1][-1]]) or 0.0, reverse=True)
    sides = dict.fromkeys((*_SIDES, *(side for side, _, _ in rows)))
    found = [(side, [entry_of("", row[p[-1]], (*base, *p)) for own, p, row in rows if own == side]) for side in sides]
    # The nearest ones: the lowest resistance, the highest support.
    return [(side, tuple(told[-MOST_LEVELS:] if side == "resistance" else told[:MOST_LEVELS])) for side, told in found]


def _correlation(symbol: str, document: Mapping[str, Any]) -> tuple[Entry, ...]:
    base: Path = ("portfolio", "correlation")
    own = mapping(document, *base, "matrix", symbol)
    if own:
        found = [(name, figure) for name, figure in own.items() if name != symbol and is_figure(figure)]
        return tuple(Entry(name, (*base, "matrix", symbol, name), figure=figure) for name, figure in found)
    others = [
        _entry(path, figure, base)
        for path, figure in figures(part(document, *base))
        if symbol in path or any(symbol in step.replace("|", "/").split("/") for step in path)
    ]
    return tuple(others[:MOST_FIGURES])


def _quality(told: Mapping[str, Any], path: Path) -> tuple[Entry, ...]:
    wanted = ("verdict", "reasons", "sessions")
    return tuple(entry_of(title_of(name), told[name], (*path, name)) for name in wanted if told.get(name))


def _record(symbol: str, document: Mapping[str, Any]) -> tuple[Entry, ...]:
    return _leading(document, (), ("track_record", symbol), ("skill", "brier", "hit", "coverage"))


def _entry(path: Path, figure: Mapping[str, Any], base: Path) -> Entry:
    name = " · ".join(title_of(step) for step in path) or title_of(base[-1])
    return Entry(name, (*base, *path), figure=figure)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
