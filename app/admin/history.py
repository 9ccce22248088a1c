"""What was changed by hand: one row per change, written in the transaction of the change itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.clock import instant_text
from app.gate.guard import caller
from app.jobs.models import AdminChange
from app.runtime import runtime

_KEY_LIMIT: Final = 120


@dataclass(frozen=True)
class Hand:
    """Who changes something, and when."""

    at: datetime
    actor: str


def hand() -> Hand:
    """Who sends the present request, and the present instant."""
    return Hand(runtime().clock.now(), caller().label)


def values_of(row: Any) -> dict[str, Any]:
    """The columns of a row as JSON has them."""
    return {column.key: plain(getattr(row, column.key)) for column in inspect(type(row)).column_attrs}


def plain(value: Any) -> Any:
    """A value of a column as JSON has it: instants, days and decimals as text."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def note_change(
    session: Session,
    by: Hand,
    entity: str,
    key: object,
    action: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a row that says what was changed: by name the value before and the one after, without those that are equal.

    Nothing is added for an edit that changed nothing.
    """
    old, new = before or {}, after or {}
    changes = {name: [old.get(name), new.get(name)] for name in {**old, **new} if old.get(name) != new.get(name)}
    if action == "edit" and not changes:
        return
    change = {"entity": entity, "key": str(key)[:_KEY_LIMIT], "action": action, "changes": changes}
    session.add(AdminChange(at=by.at, actor=by.actor, **change))
