"""The table of API keys. Nothing here commits."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import ApiKey
from app.access.roles import Role
from app.access.tokens import Token, make_token
from app.clock import instant_text
from app.errors import Conflict, NotFound, Rejected

LONGEST: Final = timedelta(days=3660)
_NAME_LIMIT: Final = 64


def add_key(
    session: Session, name: str, role: Role, now: datetime, by: str, lasts: timedelta | None = None
) -> tuple[ApiKey, Token]:
    """A new key and its secret, which is kept nowhere; Rejected for a name or a time that cannot be."""
    shown = name.strip()
    if not shown or len(shown) > _NAME_LIMIT or not shown.isprintable():
        raise Rejected(f"a key has a name of 1 to {_NAME_LIMIT} letters that says what it is for, such as grafana")
    if lasts is not None and not timedelta(0) < lasts <= LONGEST:
        raise Rejected(f"a key lasts at most {LONGEST.days} days, or without an end")
    token = make_token("key")
    expires_at = None if lasts is None else now + lasts
    key = ApiKey(
        id=token.id, name=shown, role=role.value, digest=token.digest, created_at=now, created_by=by[:80],
        expires_at=expires_at,
    )  # fmt: skip
    session.add(key)
    session.flush()
    return key, token


def revoke_key(session: Session, key_id: str, now: datetime) -> ApiKey:
    """Have a key open nothing any more; NotFound when there is none of this id."""
    key = session.get(ApiKey, key_id, with_for_update=True)
    if key is None:
        raise NotFound(f"there is no key {key_id[:20]!r}: `flask key list` shows the keys by their ids")
    key.revoked_at = key.revoked_at or now
    return key


def find_key(session: Session, told: str, now: datetime) -> str:
    """The id of the key that is told by its id, or by its name where just one that still opens something has it.

    NotFound when there is none, Conflict when there are several.
    """
    if session.get(ApiKey, told) is not None:
        return told
    named = select(ApiKey).where(ApiKey.name == told.strip(), ApiKey.revoked_at.is_(None)).order_by(ApiKey.created_at)
    good = [key for key in session.scalars(named) if key.expires_at is None or key.expires_at > now]
    if not good:
        raise NotFound(f"no key that opens anything is {told[:20]!r}: `flask key list` shows them with their ids")
    if len(good) > 1:
        ids = ", ".join(f"{key.id} of {instant_text(key.created_at)}" for key in good[:10])
        raise Conflict(f"{len(good)} keys are called {told[:20]!r}: say which by its id, {ids}")
    return good[0].id


def list_keys(session: Session) -> list[ApiKey]:
    """All keys, newest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)))
