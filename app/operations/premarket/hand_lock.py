"""Who works a ladder by hand has it alone: the tick leaves it until that is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from app.operations.sole_rights import is_held, sole_right
from app.stores import Stores

_LOCKS: Final = 7_320  # The advisory locks of whoever works a ladder by hand; the number has no other meaning.


@contextmanager
def by_hand_alone(stores: Stores, market: str, day: date) -> Iterator[None]:
    """Work the ladder of a day by hand, alone; Conflict while another process does."""
    refusal = f"another process works the ladder of {market} on {day} by hand: wait for it"
    with sole_right(stores, _LOCKS, _name(market, day), refusal):
        yield


def is_by_hand(session: Session, market: str, day: date) -> bool:
    """Whether somebody works the ladder of a day by hand at this moment."""
    return is_held(session, _LOCKS, _name(market, day))


def _name(market: str, day: date) -> str:
    return f"{market}/{day}"
