"""Logging in: by password, by a link that works once, and the logins that come of it. Nothing here commits."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.models import Login, LoginLink, User
from app.access.passwords import check_password, hash_password, is_outdated
from app.access.tokens import Token, is_same, make_token, read_token

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
LINK_LASTS: Final = timedelta(minutes=15)


def user_with_password(session: Session, name: str, password: str) -> User | None:
    """The user whose name and password these are, None for anything else; all answers take the same time."""
    user = session.scalar(select(User).where(User.name == name))
    right = check_password(user.password_hash if user else None, password)
    if user is None or not right or user.disabled_at is not None:
        return None
    if user.password_hash and is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    return user


def start_login(session: Session, user: User, now: datetime) -> Token:
    """A new login of a user; its secret goes into the browser's cookie and is kept nowhere else."""
    session.execute(delete(Login).where((Login.expires_at <= now) | (Login.seen_at <= now - IDLE)))
    token = make_token("login")
    session.add(
        Login(id=token.id, user_id=user.id, digest=token.digest, created_at=now, seen_at=now, expires_at=now + LONGEST)
    )
    session.flush()
    return token


def end_login(session: Session, login_id: str) -> None:
    """End a login, if there is one of this id."""
    session.execute(delete(Login).where(Login.id == login_id))


def make_link(session: Session, user: User, now: datetime, lasts: timedelta = LINK_LASTS) -> Token:
    """A secret with which the user logs in once, within `lasts`."""
    session.execute(delete(LoginLink).where(LoginLink.expires_at <= now))
    token = make_token("link")
    session.add(LoginLink(id=token.id, user_id=user.id, digest=token.digest, created_at=now, expires_at=now + lasts))
    session.flush()
    return token


def use_link(session: Session, text: str, now: datetime) -> User | None:
    """The user for whom a link was made, and the link is used up; None when it is none, was used, or is too old."""
    token = read_token(text, "link")
    link = session.get(LoginLink, token.id, with_for_update=True) if token else None
    if token is None or link is None or not is_same(token, link.digest):
        return None
    user = session.get(User, link.user_id)
    session.delete(link)
    session.flush()
    return user if user and user.disabled_at is None and now < link.expires_at else None
