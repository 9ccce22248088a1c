"""One refresher of the login across threads and processes."""

import logging
from datetime import datetime, timedelta
from typing import Final

from app.clock import Clock
from app.collectors.schwab.granting import Refused, refresh
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.tokens import Grant, Login, NeedsLogin
from app.errors import Unavailable

log = logging.getLogger(__name__)

ASK_AGAIN: Final = timedelta(minutes=5)
_NONE_YET: Final = "-"
_NO_LOGIN: Final = "there is no login at Schwab yet: run `flask schwab-login`"


class Refresher:
    """Gives a login whose access token is good, and refreshes it where nobody else did."""

    def __init__(self, plan: SchwabPlan, clock: Clock) -> None:
        self._plan, self._clock = plan, clock
        self._file = TokenFile(plan.token_file)
        self._unsaved: Login | None = None
        self._refused: tuple[str, str, datetime] | None = None

    @property
    def refused_at(self) -> datetime | None:
        """When Schwab last refused the login; None when it did not, or another login was made since."""
        return self._refused[2] if self._refused else None

    def good(self, refused_access: str | None = None) -> Login:
        """A login that is fresh now, and whose access token is not the one that was refused.

        NeedsLogin when there is none or Schwab refuses it, Unavailable when Schwab or the disk does not answer.
        """
        login = self._known()
        if login and self._is_good(login, refused_access):
            return login
        with self._file.held():
            login = self._known() or self._first()
            return login if self._is_good(login, refused_access) else self._refreshed(login)

    def kept(self) -> Login:
        """The login as it is kept, without asking Schwab; NeedsLogin when there is none or Schwab has refused it."""
        login, refused = self._known() or self._first(), self._refused
        if refused and refused[0] == login.token.refresh_token:
            raise NeedsLogin(_refusal(refused[1]))
        return login

    def _known(self) -> Login | None:
        kept = self._file.read()
        newer = self._unsaved
        if newer and kept and newer.token.refresh_token == kept.token.refresh_token:
            kept = max(kept, newer, key=lambda login: login.token.expires_at)
        refused = self._refused
        if refused and kept and kept.token.refresh_token != refused[0]:
            self._refused = None
        return kept or newer

    def _first(self) -> Login:
        seed = self._plan.refresh_token
        if seed is None:
            raise NeedsLogin(_NO_LOGIN)
        grant = Grant(access_token=_NONE_YET, refresh_token=seed, expires_at=0)
        return Login(creation_timestamp=int(self._clock.now().timestamp()), token=grant, login_known=False)

    def _is_good(self, login: Login, refused_access: str | None) -> bool:
        return login.is_fresh(self._clock.now()) and login.token.access_token != refused_access

    def _refreshed(self, login: Login) -> Login:
        token, now = login.token.refresh_token, self._clock.now()
        if self._refused and self._refused[0] == token and timedelta(0) <= now - self._refused[2] < ASK_AGAIN:
            raise NeedsLogin(_refusal(self._refused[1]))
        try:
            fresh = refresh(self._plan, login, self._clock.now)
        except Refused as error:
            self._refused = (token, error.reason, now)
            raise NeedsLogin(_refusal(error.reason)) from None
        self._refused = None
        try:
            self._file.write(fresh)
            self._unsaved = None
        except Unavailable as error:  # What was given is good all the same, here and until it runs out.
            self._unsaved = fresh
            log.warning("%s; the login goes on in this process alone", error)
        return fresh


def _refusal(reason: str) -> str:
    advice = "; if that does not help, compare SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET with the developer portal"
    return f"Schwab refuses the login ({reason}): run `flask schwab-login`" + advice * (reason == "invalid_client")
