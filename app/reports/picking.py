"""Finding things in a document that may lack any of its parts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.analysis.findings import figures, is_figure
from app.reports.wording import is_number


def part(node: Any, *path: str) -> Any:
    """What stands at a path; None when something on the way is missing or no mapping."""
    for key in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(key)
    return node


def mapping(node: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at a path, an empty one when there is none."""
    found = part(node, *path)
    return found if isinstance(found, Mapping) and not is_figure(found) else {}


def number_of(node: Any) -> float | None:
    """The number that a figure or a plain value holds; None for everything else."""
    value: Any = node.get("value") if is_figure(node) else node
    return float(value) if is_number(value) else None


def first_number(row: Mapping[str, Any], names: Sequence[str]) -> float | None:
    """The number under the first of the names that has one."""
    found = (number_of(row.get(name)) for name in names)
    return next((number for number in found if number is not None), None)


def leading_figures(node: Any, words: Sequence[str], most: int) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Up to `most` figures of a tree, those first whose path has one of the words, in the words' order."""

    def rank(found: tuple[tuple[str, ...], Mapping[str, Any]]) -> int:
        text = "/".join(found[0]).lower()
        return next((place for place, word in enumerate(words) if word in text), len(words))

    return sorted(figures(node), key=rank)[:most]


def level_rows(tree: Any) -> list[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
    """The levels of a symbol's tree: the side, the path of the price within the tree, and the whole row."""
    found: list[tuple[str, tuple[str, ...], Mapping[str, Any]]] = []
    for name in ("levels", "support", "resistance"):
        rows = part(tree, "levels", name)
        for place, row in enumerate(rows if isinstance(rows, list) else ()):
            price = next((key for key in ("price", "level") if isinstance(row, Mapping) and key in row), None)
            if price is not None:
                side = str(row.get("side", "")) if name == "levels" else name
                found.append((side, ("levels", name, str(place), price), row))
    return found


def lists_named(node: Any, words: Sequence[str], path: tuple[str, ...] = ()) -> Iterator[Sequence[Any]]:
    """The lists below a key that has one of the words in its name, in the order of the tree."""
    if isinstance(node, Mapping) and not is_figure(node):
        for key, value in node.items():
            yield from lists_named(value, words, (*path, str(key).lower()))
    elif isinstance(node, Sequence) and not isinstance(node, str) and any(w in key for key in path for w in words):
        yield node
