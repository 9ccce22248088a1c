"""How values look in the admin's tables, and how they are exported."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from flask import url_for
from markupsafe import Markup

from app.reports.csv_rows import harmless
from app.reports.measures import instant_of, readable
from app.reports.wording import NOTHING, is_number, rounded, title_of

_CELL_LETTERS: Final = 200
_MOST_CHANGES: Final = 4
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_TABLE: Final = Markup('<table class="table table-sm table-borderless mb-0">{}</table>')
_LINE: Final = Markup(
    '<tr><th class="p-0 pr-3 font-weight-normal text-muted">{}</th><td class="p-0 w-100">{}</td></tr>'
)
_JOB: Final = Markup('<a href="{}">{}</a>')


def instant(_view: Any, value: datetime, _name: str = "") -> str:
    """An instant to the second, in UTC."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ")


def yes_or_no(_view: Any, value: bool, _name: str = "") -> str:
    """A word for true and false."""
    return "yes" if value else "no"


def shortened(_view: Any, value: Any, _name: str = "") -> str:
    """A tree in a line, cut where a cell would become too long."""
    text = _line(value)
    return text if len(text) <= _CELL_LETTERS else f"{text[:_CELL_LETTERS]} …"


def in_full(_view: Any, value: Any, _name: str = "") -> Markup:
    """A tree as a table in its cell, with tables within."""
    if isinstance(value, dict):
        return _TABLE.format(
            Markup("").join(_LINE.format(title_of(str(key)), _deep(one)) for key, one in value.items())
        )
    return Markup("{}").format(_line(value))


def whole_percent(_view: Any, _context: Any, model: Any, name: str) -> str:
    """A share of one as percent without decimals."""
    return f"{100 * getattr(model, name):.0f} %"


def percent(_view: Any, _context: Any, model: Any, name: str) -> str:
    """A share of one as percent."""
    value = getattr(model, name)
    return "" if value is None else readable(float(value), "percent")


def in_words(_view: Any, _context: Any, model: Any, name: str) -> str:
    """A code as words."""
    return title_of(getattr(model, name) or "")


def linked_job(_view: Any, _context: Any, model: Any, name: str) -> Any:
    """The number of a job as a way to its page."""
    job_id = getattr(model, name)
    return "" if job_id is None else _JOB.format(url_for("jobs.details_view", id=job_id), job_id)


def before_and_after(_view: Any, _context: Any, model: Any, name: str) -> Markup:
    """What was changed: by name the value before and the one after; what was empty and is empty is left out."""
    told = [(key, pair) for key, pair in getattr(model, name).items() if any(one not in _EMPTY for one in pair)]
    lines = [_LINE.format(title_of(key), _turn(*pair)) for key, pair in told]
    return _TABLE.format(Markup("").join(lines)) if lines else Markup("")


def changes_in_a_line(_view: Any, _context: Any, model: Any, name: str) -> str:
    """The first few of the changes, and how many more there are."""
    told = [(key, pair) for key, pair in getattr(model, name).items() if any(one not in _EMPTY for one in pair)]
    shown = "; ".join(f"{title_of(key)}: {_turn(*pair)}" for key, pair in told[:_MOST_CHANGES])
    return f"{shown}; {len(told) - _MOST_CHANGES} more" if len(told) > _MOST_CHANGES else shown


def _turn(before: Any, after: Any) -> str:
    told = [NOTHING if value is None else shortened(None, value) for value in (before, after)]
    return " → ".join(told) if before is not None else told[1]


def _deep(value: Any) -> Any:
    return in_full(None, value) if isinstance(value, dict) else _line(value)


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{title_of(str(key))}: {_line(one)}" for key, one in value.items())
    if isinstance(value, list):
        return "; ".join(_line(one) for one in value)
    return instant_of(value) or (readable(value, "plain") if is_number(value) else rounded(value))


def listed(_view: Any, value: list[Any], _name: str = "") -> str:
    """A list in a line."""
    simple = all(isinstance(one, str | int | float) for one in value)
    return ", ".join(str(one) for one in value) if simple else shortened(_view, value)


def number(_view: Any, value: float, _name: str = "") -> str:
    """A number with the digits that help."""
    return readable(value, "price")


def decimal(_view: Any, value: Decimal, _name: str = "") -> str:
    """A decimal without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def exported(value: Any) -> Any:
    """A value as a cell of a file: no text is a formula, and numbers are exact."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, Decimal):
        return decimal(None, value)
    if isinstance(value, datetime):
        return instant(None, value)
    if isinstance(value, dict | list):
        return harmless(json.dumps(value, ensure_ascii=False))
    return value if is_number(value) else harmless(value)


def empty(_view: Any, _value: Any, _name: str = "") -> str:
    """Nothing for null."""
    return ""


IN_LISTS: Final[Mapping[type, Any]] = MappingProxyType(
    {
        type(None): empty, bool: yes_or_no, datetime: instant, dict: shortened, list: listed, float: number,
        Decimal: decimal,
    }
)  # fmt: skip
IN_DETAILS: Final[Mapping[type, Any]] = MappingProxyType({**IN_LISTS, dict: in_full})
