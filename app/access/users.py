"""The table of users. Nothing here commits."""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.access.models import Login, LoginLink, User
from app.access.passwords import hash_password
from app.access.roles import Role
from app.errors import Conflict, NotFound, Rejected

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,31}")


def add_user(session: Session, name: str, role: Role, now: datetime, password: str | None = None) -> User:
    """A new user; Rejected for a name that cannot be, Conflict for one that there is."""
    if not _NAME.fullmatch(name):
        raise Rejected(
            f"{name[:40]!r} is no name of a user: small letters, digits, . _ and -, at most 32, a letter first"
        )
    if find_user(session, name) is not None:
        raise Conflict(f"there is a user {name} already: `flask user password {name}` sets another password")
    user = User(name=name, role=role.value, created_at=now)
    if password is not None:
        user.password_hash, user.password_at = hash_password(password), now
    session.add(user)
    session.flush()
    return user


def find_user(session: Session, name: str) -> User | None:
    """The user of a name, None when there is none."""
    return session.scalar(select(User).where(User.name == name))


def known_user(session: Session, name: str) -> User:
    """The user of a name, locked until the transaction ends; NotFound when there is none."""
    found = session.scalar(select(User).where(User.name == name).with_for_update())
    if found is None:
        raise NotFound(f"there is no user {name[:40]!r}: `flask user list` shows who there is")
    return found


def list_users(session: Session) -> list[User]:
    """All users by name."""
    return list(session.scalars(select(User).order_by(User.name)))


def set_password(session: Session, name: str, password: str, now: datetime) -> User:
    """Another password, which ends every login of the user; Rejected when it is too short."""
    user = known_user(session, name)
    user.password_hash, user.password_at = hash_password(password), now
    end_logins(session, user)
    return user


def set_role(session: Session, name: str, role: Role) -> User:
    """Another role, which ends every login of the user; Conflict where no admin would be left."""
    user = known_user(session, name)
    if role is not Role.ADMIN:
        _keep_an_admin(session, user)
    user.role = role.value
    end_logins(session, user)
    return user


def disable_user(session: Session, name: str, now: datetime) -> User:
    """Shut a user out, at once; Conflict where no admin would be left."""
    user = known_user(session, name)
    _keep_an_admin(session, user)
    user.disabled_at = user.disabled_at or now
    end_logins(session, user)
    return user


def enable_user(session: Session, name: str) -> User:
    """Let a user in again."""
    user = known_user(session, name)
    user.disabled_at = None
    return user


def end_logins(session: Session, user: User) -> None:
    """End every login of a user, and take back the links that were made for them."""
    session.execute(delete(Login).where(Login.user_id == user.id))
    session.execute(delete(LoginLink).where(LoginLink.user_id == user.id))


def _keep_an_admin(session: Session, user: User) -> None:
    others = select(func.count()).where(User.role == Role.ADMIN.value, User.disabled_at.is_(None), User.id != user.id)
    if user.role == Role.ADMIN.value and user.disabled_at is None and not session.scalar(others):
        raise Conflict(f"{user.name} is the last admin: make another one first")
