"""A figure and how far it can be trusted: value, sample, status, method, window, as-of, uncertainty."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeGuard

from app.clock import instant_text

Status = Literal["ok", "low_history", "insufficient_data", "not_significant", "degraded_data"]
Value = float | int | str
Scalar = float | int | str | bool | None

# A figure is found in a tree by the keys that only figures have.
FIGURE_KEYS: Final = frozenset({"value", "n", "status", "method", "window", "asof"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A figure. `n` counts the observations behind it, in the unit that the method names; `unit` is the value's own.

    `insufficient_data` has no value and a `reason`. With any other status `reason` may be empty unless the value is
    None. `label` is the figure in a word, such as "Bullish". `ci` is an interval at `ci_level`. A value that is not
    finite is a mistake of the caller, and a ValueError.
    """

    value: Value | None
    n: int
    status: Status
    method: str
    window: str
    asof: datetime
    unit: str = ""
    stderr: float | None = None
    p_value: float | None = None
    ci: tuple[float, float] | None = None
    ci_level: float = 0.95
    label: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        told = (self.value, self.stderr, self.p_value, *(self.ci or ()))
        if any(isinstance(number, float) and not math.isfinite(number) for number in told):
            raise ValueError(f"a figure is not finite: {told} by {self.method}")
        if self.status == "insufficient_data" and self.value is not None:
            raise ValueError(f"a figure without enough data has a value: {self.method}")
        if self.value is None and not self.reason:
            raise ValueError(f"a figure without a value has no reason: {self.method}")

    def to_plain(self) -> dict[str, Any]:
        """The figure as JSON has it; what does not apply is left out, a missing value is null."""
        told: dict[str, Any] = {
            "value": self.value,
            "n": self.n,
            "status": self.status,
            "method": self.method,
            "window": self.window,
            "asof": instant_text(self.asof),
        }
        optional = {"unit": self.unit, "label": self.label, "reason": self.reason}
        told.update({name: text for name, text in optional.items() if text})
        numbers = {"stderr": self.stderr, "p_value": self.p_value}
        told.update({name: number for name, number in numbers.items() if number is not None})
        if self.ci is not None:
            told.update(ci=list(self.ci), ci_level=self.ci_level)
        return told


Node = Finding | Scalar | Sequence["Node"] | Mapping[str, "Node"]
Tree = Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Basis:
    """What figures of one window have in common."""

    window: str
    asof: datetime

    def found(self, value: Value, n: int, method: str, *, status: Status = "ok", **told: Any) -> Finding:
        """A figure with a value; numbers of NumPy become plain ones."""
        ci = told.pop("ci", None)
        told = {name: _plain(one) for name, one in told.items()}
        bounds = None if ci is None else (float(ci[0]), float(ci[1]))
        return Finding(
            value=_plain(value), n=int(n), status=status, method=method, window=self.window, asof=self.asof, ci=bounds,
            **told,
        )  # fmt: skip

    def missing(
        self, n: int, method: str, reason: str, *, status: Status = "insufficient_data", unit: str = ""
    ) -> Finding:
        """A figure that cannot be given, and why."""
        return Finding(
            value=None, n=int(n), status=status, method=method, window=self.window, asof=self.asof, unit=unit,
            reason=reason,
        )  # fmt: skip


def to_plain(node: Node) -> Any:
    """A tree of findings as JSON has it."""
    if isinstance(node, Finding):
        return node.to_plain()
    if isinstance(node, Mapping):
        return {name: to_plain(part) for name, part in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [to_plain(part) for part in node]
    if isinstance(node, float) and not math.isfinite(node):
        raise ValueError("a tree of findings holds a number that is not finite")
    return node


def is_figure(node: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a part of a plain tree is a figure."""
    return isinstance(node, Mapping) and node.keys() >= FIGURE_KEYS


def figures(plain: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """All figures of a plain tree with their paths, in its order."""
    if is_figure(plain):
        yield path, plain
    elif isinstance(plain, Mapping):
        for name, part in plain.items():
            yield from figures(part, (*path, str(name)))
    elif isinstance(plain, Sequence) and not isinstance(plain, str):
        for place, part in enumerate(plain):
            yield from figures(part, (*path, str(place)))


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
