"""A client of the API that shows an operator's key with every change, as a program of the desk does."""

from functools import cached_property
from typing import Any

from flask.testing import FlaskClient

from app.access.keys import add_key
from app.access.roles import Role
from app.runtime import EXTENSION, Runtime

CHANGES = ("post", "put", "patch", "delete")
BROWSERS = {"Origin", "Sec-Fetch-Site"}
# What the documents write for a key.
PLACE = "Bearer $THOR_KEY"


def make_key(rt: Runtime, role: Role = Role.OPERATOR, **told: Any) -> str:
    """A new key with a role."""
    with rt.sessions.begin() as session:
        made = add_key(session, "tests", role, rt.clock.now(), "tests", **told)[1].text
    rt.ring.look_again()
    return made


def bearing(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"Authorization": f"Bearer {key}"}


class KeyedClient(FlaskClient):
    """Reads as nobody in particular, and changes what is under /api with a key that is made when it is first needed.

    A browser that is logged in shows no key: its requests have the header Sec-Fetch-Site or Origin.
    """

    @cached_property
    def key(self) -> str:
        """An operator's key."""
        return make_key(self.application.extensions[EXTENSION])

    def open(self, *args: Any, **told: Any) -> Any:
        """Send a request, with the key where it changes something and says nothing else of who sends it."""
        path = args[0] if args else ""
        changes = str(told.get("method", "GET")).lower() in CHANGES
        if changes and isinstance(path, str) and path.startswith("/api/"):
            headers = dict(told.get("headers") or {})
            if headers.get("Authorization", PLACE) == PLACE and not BROWSERS & set(headers):
                told["headers"] = {**headers, **bearing(self.key)}
        return super().open(*args, **told)
