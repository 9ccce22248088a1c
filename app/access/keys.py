"""The table of API keys. Nothing here commits."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import ApiKey
from app.access.roles import Role
from app.access.tokens import Token, make_token
from app.errors import NotFound, Rejected

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


def list_keys(session: Session) -> list[ApiKey]:
    """All keys, newest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)))
