"""What symbols weigh in composites, and signals in a forecast, as of a date. Nothing here commits.

Nothing is seeded: without rows there is no composite, and every signal weighs 1.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.errors import Rejected
from app.instruments.models import ContractWeight, SignalWeight
from app.instruments.store import require_instrument

PLACES: Final = 6
LIMIT: Final = 1000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def set_contract_weight(session: Session, composite: str, symbol: str, weight: Decimal, valid_from: date) -> None:
    """Have a symbol weigh so much in a composite from a date on, in the place of what was said of that date.

    Rejected when the name is malformed, or the weight not finite, beyond ±1000 or finer than six places; NotFound when
    the symbol is no instrument.
    """
    require_instrument(session, symbol)
    key = {"composite": _name(composite), "symbol": symbol, "valid_from": valid_from}
    _put(session, ContractWeight, key, {"weight": _weight(weight)})


def contract_weights(session: Session, composite: str, on: date) -> dict[str, Decimal]:
    """The members of a composite on a date with their weights, by symbol; without those that weigh 0."""
    known = (ContractWeight.composite == composite, ContractWeight.valid_from <= on)
    newest = select(ContractWeight).ext(distinct_on(ContractWeight.symbol)).where(*known)
    rows = session.scalars(newest.order_by(ContractWeight.symbol, ContractWeight.valid_from.desc()))
    return {row.symbol: row.weight for row in rows if row.weight}


def set_signal_weight(
    session: Session, signal: str, weight: Decimal, bounds: tuple[Decimal, Decimal], valid_from: date
) -> None:
    """Have a signal weigh so much from a date on, and be fitted within `bounds`; Rejected as above, when a bound is
    negative, and when the weight lies outside of them."""
    least, most = (_weight(bound) for bound in bounds)
    if not 0 <= least <= _weight(weight) <= most:
        raise Rejected(f"the weight {weight} of {signal[:40]} must lie within its bounds, and those from 0 to {LIMIT}")
    values = {"weight": weight, "min_weight": least, "max_weight": most}
    _put(session, SignalWeight, {"signal": _name(signal), "valid_from": valid_from}, values)


def signal_weights(session: Session, on: date) -> dict[str, SignalWeight]:
    """The signals that have a weight on a date, by name; a signal that is not among them weighs 1."""
    newest = select(SignalWeight).ext(distinct_on(SignalWeight.signal)).where(SignalWeight.valid_from <= on)
    rows = session.scalars(newest.order_by(SignalWeight.signal, SignalWeight.valid_from.desc()))
    return {row.signal: row for row in rows}


def _put(
    session: Session,
    table: type[ContractWeight] | type[SignalWeight],
    key: dict[str, object],
    values: dict[str, Decimal],
) -> None:
    statement = insert(table).values({**key, **values}).on_conflict_do_update(index_elements=list(key), set_=values)
    session.execute(statement, execution_options={"populate_existing": True})


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise Rejected(f"{text[:40]!r} is no name: write 1 to 32 of a-z, 0-9, underscore and hyphen")
    return text


def _weight(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) > LIMIT or value != round(value, PLACES):
        raise Rejected(f"{value} is no weight: it is a number from -{LIMIT} to {LIMIT} with at most {PLACES} decimals")
    return value
