"""Who works a ladder by hand has it alone: the tick leaves it until that is over."""

from contextlib import AbstractContextManager
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.operations.sole_rights import sole_right
from app.stores import Stores

_LOCKS: Final = 7_320  # The advisory locks of whoever works a ladder by hand; the number has no other meaning.
# A key is a signed number where it is locked, and an unsigned one where it is listed.
_HELD: Final = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = :group AND objid::bigint = hashtext(:key)::bigint & 4294967295"""


def by_hand_alone(stores: Stores, market: str, day: date) -> AbstractContextManager[None]:
    """Work the ladder of a day by hand, alone; Conflict while another process does. The right ends with its
    connection."""
    refusal = f"another process works the ladder of {market} on {day} by hand: wait for it"
    return sole_right(stores, _LOCKS, _name(market, day), refusal)


def is_by_hand(session: Session, market: str, day: date) -> bool:
    """Whether somebody works the ladder of a day by hand at this moment."""
    return bool(session.scalar(text(_HELD), {"group": _LOCKS, "key": _name(market, day)}))


def _name(market: str, day: date) -> str:
    return f"{market}/{day}"
