"""How values look in the admin's tables, and how they are exported."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from markupsafe import Markup

from app.reports.csv_rows import harmless
from app.reports.wording import is_number, rounded

_CELL_LETTERS: Final = 200
_PRE: Final = Markup('<pre class="mb-0">{}</pre>')


def instant(_view: Any, value: datetime, _name: str = "") -> str:
    """An instant to the second, in UTC."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ")


def yes_or_no(_view: Any, value: bool, _name: str = "") -> str:
    """A word for true and false."""
    return "yes" if value else "no"


def shortened(_view: Any, value: Any, _name: str = "") -> str:
    """A tree as JSON, cut where a cell would become too long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _CELL_LETTERS else f"{text[:_CELL_LETTERS]} …"


def in_full(_view: Any, value: Any, _name: str = "") -> Markup:
    """A tree as JSON over several lines."""
    return _PRE.format(json.dumps(value, ensure_ascii=False, indent=2))


def listed(_view: Any, value: list[Any], _name: str = "") -> str:
    """A list in a line."""
    simple = all(isinstance(one, str | int | float) for one in value)
    return ", ".join(str(one) for one in value) if simple else shortened(_view, value)


def number(_view: Any, value: float, _name: str = "") -> str:
    """A number to six digits."""
    return rounded(value)


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
