"""Letting in whoever starts Thor on their own machine."""

from datetime import timedelta
from typing import Final

from app.access.audit import record
from app.access.logins import make_link
from app.access.models import User
from app.access.roles import Role
from app.access.tokens import Token
from app.access.users import add_user, list_users
from app.cli.actor import actor
from app.runtime import Runtime

NAME: Final = "admin"
_LASTS: Final = timedelta(hours=1)


def first_link(rt: Runtime) -> Token | None:
    """A link that logs in once as the admin who was there first; the user admin is added where there are no users.

    None where there are users and none of them is an admin.
    """
    now = rt.clock.now()
    with rt.sessions.begin() as session:
        users = list_users(session)
        user = _first_admin(users) if users else add_user(session, NAME, Role.ADMIN, now)
        if user is None:
            return None
        token = make_link(session, user, now, _LASTS)
        record(session, now, actor(), "make login link", user.name)
    return token


def _first_admin(users: list[User]) -> User | None:
    admins = [user for user in users if user.role == Role.ADMIN.value and user.disabled_at is None]
    return min(admins, key=lambda user: user.id, default=None)
