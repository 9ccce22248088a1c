"""The document as a report shows it: any tree becomes blocks of lines and grids, so that no figure is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.analysis.findings import figures, is_figure
from app.reports.measures import Scale, scale_of
from app.reports.wording import title_of

# Longer lists of plain values are data for charts and not for reading.
MOST_VALUES: Final = 24
MOST_ROWS: Final = 60

_SAID_ONCE: Final = ("method", "window", "reason")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure or one plain value, with its place in the document."""

    name: str
    path: Path
    figure: Mapping[str, Any] | None = None
    fact: Any = None

    @property
    def place(self) -> str:
        """The path as text, its steps separated by slashes."""
        return "/".join(self.path)

    @property
    def scale(self) -> Scale:
        """How its numbers are shown."""
        return scale_of(self.path, (self.figure or {}).get("unit"))


@dataclass(frozen=True, slots=True)
class Grid:
    """A list of alike entries as a table; a cell is None where an entry lacks the column."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Entry | None, ...], ...]

    def said_once(self, place: int) -> dict[str, Any]:
        """What all figures of a column have in common of method, window and reason."""
        return common([entry for row in self.rows if (entry := row[place]) is not None], _SAID_ONCE)


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the document: its own entries, its lists as grids, and the parts within it."""

    name: str
    entries: tuple[Entry, ...] = ()
    grids: tuple[Grid, ...] = ()
    blocks: tuple["Block", ...] = ()

    @property
    def said_once(self) -> dict[str, Any]:
        """What all its own figures, if there are several, have in common of method, window and reason."""
        return common(self.entries, _SAID_ONCE) if len(self.entries) > 1 else {}

    @property
    def count(self) -> tuple[int, int]:
        """How many figures it has in all, and how many of them have a value."""
        cells = [entry for grid in self.grids for row in grid.rows for entry in row if entry is not None]
        own = [entry.figure for entry in (*self.entries, *cells) if entry.figure]
        inner = [block.count for block in self.blocks]
        known = sum(figure["value"] is not None for figure in own)
        return len(own) + sum(all_ for all_, _ in inner), known + sum(known_ for _, known_ in inner)


def common(entries: Sequence[Entry], names: Sequence[str]) -> dict[str, Any]:
    """What all figures of some entries tell alike, of some of a figure's names; empty for none."""
    told = [entry.figure for entry in entries if entry.figure]
    if not told:
        return {}
    first = told[0]
    return {name: first[name] for name in names if first.get(name) and all(f.get(name) == first[name] for f in told)}


def entry_of(name: str, value: Any, path: Path) -> Entry:
    """A figure or a plain value as an entry."""
    return Entry(name, path, figure=value) if is_figure(value) else Entry(name, path, fact=value)


def block_of(name: str, node: Any, path: Path = ()) -> Block:
    """A part of a plain tree as a block: every figure of it is in exactly one entry.

    Lists of over 24 plain values, and of over 60 entries without a figure, are only counted.
    """
    entries: list[Entry] = []
    grids: list[Grid] = []
    blocks: list[Block] = []
    for key, value in _children(node):
        place, title = (*path, key), title_of(key)
        if is_figure(value) or not isinstance(value, Mapping | Sequence) or isinstance(value, str):
            entries.append(entry_of(title, value, place))
        elif isinstance(value, Mapping):
            blocks.append(block_of(title, value, place))
        elif _is_short(value) or (not _has_figure(value) and not _is_grid(value)):
            entries.append(Entry(title, place, fact=_listed(value)))
        elif _is_grid(value):
            grids.append(_grid(title, value, place))
        else:
            blocks.append(block_of(title, value, place))
    return Block(name, tuple(entries), tuple(grids), tuple(block for block in blocks if _is_shown(block)))


def _children(node: Any) -> list[tuple[str, Any]]:
    if is_figure(node):
        return [("value", node)]
    if isinstance(node, Mapping):
        return [(str(key), value) for key, value in node.items()]
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [(str(number), value) for number, value in enumerate(node)]
    return [("value", node)]


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping | Sequence) or isinstance(value, str)


def _is_short(values: Sequence[Any]) -> bool:
    return len(values) <= MOST_VALUES and all(_is_plain(value) for value in values)


def _has_figure(node: Any) -> bool:
    return next(figures(node), None) is not None


def _listed(values: Sequence[Any]) -> Any:
    if _is_short(values):
        return list(values)
    return f"{len(values):,} values"


def _is_grid(values: Sequence[Any]) -> bool:
    alike = all(
        isinstance(row, Mapping) and not is_figure(row) and all(is_figure(v) or _is_plain(v) for v in row.values())
        for row in values
    )
    return alike and (len(values) <= MOST_ROWS or _has_figure(values))


def _grid(title: str, rows: Sequence[Mapping[str, Any]], path: Path) -> Grid:
    columns = list(dict.fromkeys(str(key) for row in rows for key in row))
    cells = [
        tuple(entry_of(key, row[key], (*path, str(number), key)) if key in row else None for key in columns)
        for number, row in enumerate(rows)
    ]
    return Grid(title, tuple(title_of(key) for key in columns), tuple(cells))


def _is_shown(block: Block) -> bool:
    return bool(block.entries or block.grids or block.blocks)
