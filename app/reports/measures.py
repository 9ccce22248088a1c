"""Numbers as a trader reads them: percent where a share is meant, prices in full, no more digits than help."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from app.reports.wording import NOTHING, is_number, rounded

Scale = Literal["percent", "price", "plain"]

# What stands behind the percent sign for the units that are shares of one.
_SHARES: Final[Mapping[str, str]] = MappingProxyType(
    {"fraction a year": "a year", "a year": "a year", "fraction": "", "log return": "(log)"}
)
_PRICES: Final = frozenset({"points", "price"})
_SHARE_NAMES: Final = frozenset(
    {
        "base_rate",
        "bounce_rate",
        "confidence",
        "coverage",
        "frequency",
        "hit_rate",
        "jump_share",
        "mean_p",
        "observed",
        "predicted",
        "probability",
        "rate",
    }
)
_LONG: Final = 8
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):(\d\d)(?:\.\d+)?Z")


def scale_of(path: Sequence[str], unit: str | None) -> Scale:
    """How the number at a place of the document is shown, by its unit, and by its name where it has none."""
    if unit is not None:
        return "percent" if unit in _SHARES else "price" if unit in _PRICES else "plain"
    named = bool(path) and path[-1] in _SHARE_NAMES
    weighted = len(path) > 2 and "weights" in path[:-1]
    ranked = tuple(path[-2:]) == ("volatility", "label")
    return "percent" if named or weighted or ranked else "plain"


def unit_text(unit: str | None) -> str:
    """The unit as it stands behind the number."""
    return _SHARES.get(unit or "", unit or "")


def readable(value: object, scale: Scale) -> str:
    """A number rounded for reading; a text as it is.

    Shares are in percent with two decimals below 10 % and one from there on. A number of few digits stays as it is, as
    prices have that are multiples of a tick; others keep three digits, prices five, and two decimals from 1,000 on.
    """
    if not is_number(value):
        return NOTHING if value is None else rounded(value)
    if scale == "percent":
        return f"{_percent(100 * value)} %"
    if isinstance(value, int):
        return rounded(value)
    if _is_short(value):
        return f"{value:,}".removesuffix(".0")
    if abs(value) >= 1000:
        return f"{value:,.2f}" if abs(value) < 10**12 else rounded(value)
    return f"{value:.{5 if scale == 'price' else 3}g}"


def p_text(value: float) -> str:
    """A p-value to three decimals, or that it is below them."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def instant_of(text: object) -> str | None:
    """An instant of the document as people write it, to the second where it has any; None for every other value."""
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    day, minute, second = found.groups()
    return f"{day} {minute}{'' if second == '00' else f':{second}'} UTC"


def _percent(value: float) -> str:
    if value and abs(value) < 0.01:
        return f"{value:.2g}"
    if abs(value - round(value)) < 1e-9:
        return f"{round(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _is_short(value: float) -> bool:
    told = repr(value)
    return "e" not in told and sum(letter.isdigit() for letter in told.strip("-0.")) <= _LONG
