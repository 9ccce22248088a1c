"""A session at Schwab's API: a client of schwab-py whose access token is always good."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import httpx

from app.clock import Clock
from app.collectors.schwab.expiry import ExpiryWatch, LoginTerm
from app.collectors.schwab.granting import TIMEOUT_S
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.refreshing import Refresher
from app.collectors.schwab.tokens import Login
from app.collectors.schwab.tokens import NeedsLogin as NeedsLogin
from app.collectors.schwab.upstream import library
from app.errors import ThorError

_HOST: Final = "api.schwabapi.com"


class SchwabSession:
    """One login for all requests and streams of an event loop; the refreshing is shared with other processes.

    `term` tells how long the login is good, as of the last `client` or `look`: over where a person must log in, None
    before the first `client`. Each threshold that it crosses is logged once.
    """

    def __init__(self, plan: SchwabPlan, clock: Clock) -> None:
        self._plan = plan
        self._refresher = Refresher(plan, clock)
        self._login: Login | None = None
        self._client: Any = None
        self._refused_access: str | None = None
        self._clock, self._watch = clock, ExpiryWatch()
        self.term: LoginTerm | None = None

    async def client(self) -> Any:
        """A `schwab.client.AsyncClient`, the same until `aclose`, whose access token is good for 5 minutes at least.

        It never refreshes by itself: ask for it again before each request. NeedsLogin when a person must log in;
        Unavailable when Schwab does not answer, or the disk.
        """
        login = await asyncio.to_thread(self._good)
        self._login, self._refused_access = login, None
        if self._client is None:
            self._client = _client(self._plan, login)
        _hand(self._client, login)
        return self._client

    async def denied(self) -> None:
        """Say that the access token was refused: the next `client` has another one."""
        if self._login is not None:
            self._refused_access = self._login.token.access_token

    async def look(self) -> LoginTerm | None:
        """`term`, by what is kept now: a stream goes on for days, and meanwhile time passes and somebody logs in."""
        if self.term is not None:
            with contextlib.suppress(ThorError):  # It is told when the login is needed.
                await asyncio.to_thread(self._termed, self._refresher.kept)
        return self.term

    def _good(self) -> Login:
        return self._termed(lambda: self._refresher.good(self._refused_access))

    def _termed(self, login_of: Callable[[], Login]) -> Login:
        now = self._clock.now()
        try:
            login = login_of()
        except NeedsLogin:
            self.term = LoginTerm(self._refresher.refused_at or now)
            raise
        self.term = LoginTerm(login.expires_at, login.login_known)
        self._watch.note(self.term, now)
        return login

    async def aclose(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close_async_session()
            self._client = None


def _client(plan: SchwabPlan, login: Login) -> Any:
    made = library().client_from_access_functions(
        plan.client_id, "", lambda: _shown(login), _keep_nothing, asyncio=True
    )
    made.set_timeout(TIMEOUT_S)
    made.session.event_hooks = {"request": [_steering(plan)], "response": []}
    return made


def _hand(client: Any, login: Login) -> None:
    # The stream reads the token from the second place.
    client.session.token = _shown(login)["token"]
    client.token_metadata.token = _shown(login)["token"]


def _shown(login: Login) -> dict[str, Any]:
    # Without an expiry and a refresh token authlib has no occasion to refresh behind everybody's back.
    token = {"access_token": login.token.access_token, "token_type": "Bearer"}
    return {"creation_timestamp": login.creation_timestamp, "token": token}


def _keep_nothing(*_token: object) -> None:
    raise AssertionError("schwab-py is not to refresh the login")


def _steering(plan: SchwabPlan) -> Any:
    target = httpx.URL(plan.api_url)

    async def steer(request: httpx.Request) -> None:
        if request.url.host == _HOST:
            request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)
            request.headers["Host"] = target.netloc.decode()

    return steer
