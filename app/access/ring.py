"""Who a key or a login belongs to, without asking PostgreSQL for each request.

All that opens something is read at once, at most every `REFRESH_S`; so a revoked key ends within seconds. While
PostgreSQL is away the last reading goes on to hold, since nobody can revoke anything then either.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.access.logins import IDLE
from app.access.models import ApiKey, Login, User
from app.access.roles import Caller, Role
from app.access.tokens import Token, is_same, read_token
from app.clock import Clock
from app.errors import ThorError, Unavailable

log = logging.getLogger(__name__)

REFRESH_S: Final = 3.0
# A key that was made a moment ago is looked for at once, but no flood of made-up ones asks PostgreSQL more often.
LOOK_AGAIN_S: Final = 0.5
NOTE_EVERY_S: Final = 60.0
_PATIENCE: Final = "SET LOCAL statement_timeout = '2s'"


@dataclass(frozen=True)
class _Known:
    caller: Caller
    digest: str
    expires_at: datetime | None
    seen_at: datetime | None = None


@dataclass(frozen=True)
class _Reading:
    keys: Mapping[str, _Known]
    logins: Mapping[str, _Known]
    at: float


@dataclass
class _Seen:
    """When keys and logins were last used, until it is written down."""

    keys: dict[str, datetime] = field(default_factory=dict)
    logins: dict[str, datetime] = field(default_factory=dict)


class KeyRing:
    """What opens Thor, as it was read last. One for all threads of a process."""

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock
        self._reading: _Reading | None = None
        self._seen, self._noted_at = _Seen(), time.monotonic()
        self._tried_at = self._changed_at = float("-inf")
        self._lock = Lock()

    def caller_of_key(self, text: str) -> Caller | None:
        """Who shows this key; None for one that is unknown, revoked or over, Unavailable when nothing can be known."""
        return self._caller(read_token(text, "key"), "keys", self._seen.keys)

    def caller_of_login(self, text: str) -> Caller | None:
        """Who is logged in with this cookie; None when nobody is, Unavailable when nothing can be known."""
        return self._caller(read_token(text, "login"), "logins", self._seen.logins)

    def holds(self, caller: Caller) -> bool:
        """Whether the key or the login of a caller still opens anything, as known at present."""
        if caller.kind == "anonymous":
            return True
        reading = self._read(REFRESH_S)
        found = (reading.keys if caller.kind == "key" else reading.logins).get(caller.credential)
        return found is not None and self._is_good(caller.credential, found, self._clock.now())

    def look_again(self) -> None:
        """Read everything anew at the next question: something was changed here."""
        self._changed_at = time.monotonic()

    def _caller(self, token: Token | None, kind: str, seen: dict[str, datetime]) -> Caller | None:
        found = self._known(token, kind) if token else None
        now = self._clock.now()
        if token is None or found is None or not self._is_good(token.id, found, now):
            return None
        seen[token.id] = now
        return found.caller

    def _is_good(self, name: str, known: _Known, now: datetime) -> bool:
        is_over = known.expires_at is not None and known.expires_at <= now
        if is_over or known.seen_at is None:
            return not is_over
        return now - max(known.seen_at, self._seen.logins.get(name, known.seen_at)) < IDLE

    def _known(self, token: Token, kind: str) -> _Known | None:
        found: _Known | None = getattr(self._read(REFRESH_S), kind).get(token.id)
        if found is None:
            found = getattr(self._read(LOOK_AGAIN_S), kind).get(token.id)
        return found if found is not None and is_same(token, found.digest) else None

    def _read(self, within_s: float) -> _Reading:
        reading, now = self._reading, time.monotonic()
        must_wait = reading is None or reading.at < self._changed_at
        is_recent = reading is not None and now - reading.at < within_s
        if reading is not None and not must_wait and (is_recent or now - self._tried_at < LOOK_AGAIN_S):
            return reading
        # Who comes while another one reads has the reading before, unless that is known to be out of date.
        if not self._lock.acquire(blocking=must_wait) and reading is not None:
            return reading
        try:
            if self._reading is not None and self._reading is not reading:
                return self._reading
            self._tried_at = now
            return self._replaced()
        finally:
            self._lock.release()

    def _replaced(self) -> _Reading:
        began = time.monotonic()
        try:
            with self._sessions.begin() as session:
                session.execute(text(_PATIENCE))
                self._note(session)
                made = self._reading = _Reading(*_read_all(session), began)
                return made
        except (SQLAlchemyError, ThorError) as error:
            self._changed_at = float("-inf")
            if self._reading is None:
                raise Unavailable("who may do what is not known yet, since PostgreSQL does not answer") from error
            log.warning("keys and logins hold as last read: %s", type(error).__name__)
            return self._reading

    def _note(self, session: Session) -> None:
        if time.monotonic() - self._noted_at < NOTE_EVERY_S:
            return
        keys, logins = self._seen.keys, dict(self._seen.logins)
        self._seen, self._noted_at = _Seen(logins=logins), time.monotonic()
        for key_id, at in sorted(keys.copy().items()):
            session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=at))
        for login_id, at in sorted(logins.items()):
            session.execute(update(Login).where(Login.id == login_id, Login.seen_at < at).values(seen_at=at))


def _read_all(session: Session) -> tuple[dict[str, _Known], dict[str, _Known]]:
    keys = {
        key.id: _Known(Caller("key", key.name, Role(key.role), key.id), key.digest, key.expires_at)
        for key in session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None)))
    }
    rows = session.execute(select(Login, User).join(User, User.id == Login.user_id).where(User.disabled_at.is_(None)))
    logins = {
        login.id: _Known(
            Caller("user", user.name, Role(user.role), login.id), login.digest, login.expires_at, login.seen_at
        )
        for login, user in rows
    }
    return keys, logins
