"""Logging in at Schwab: where a person goes, and what the browser brings back."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from app.clock import Clock
from app.collectors.schwab.granting import Refused, reason_of, redeem
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.tokens import Login
from app.collectors.schwab.upstream import library
from app.errors import Conflict, Rejected

CODE_LASTS_S: Final = 30


@dataclass(frozen=True)
class Attempt:
    """One attempt at a login: the address to open in a browser, and the state that comes back from this one alone."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    callback: str

    def code_of(self, address: str) -> str:
        """The authorization code in the address at which the browser ended.

        Rejected when it is not such an address, or not of this attempt; Conflict when Schwab gave an error instead.
        """
        answer = _answer(address)
        if not answer.keys() & {"code", "error"}:
            raise Rejected(f"this address has no code: give the whole one, that begins with {self.callback}?code=")
        if not hmac.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            raise Rejected("this address is of another attempt: open the printed one, and give where that one ends")
        if "code" in answer:
            return answer["code"]
        reason = reason_of(answer["error"])
        raise Conflict(f"Schwab did not log in ({reason}): begin again, choose the accounts and allow the access")


def begin(plan: SchwabPlan) -> Attempt:
    """A new attempt, at the API of the plan."""
    context = library().get_auth_context(plan.client_id, plan.redirect_uri)
    target = urlsplit(plan.api_url)
    url = urlsplit(context.authorization_url)._replace(scheme=target.scheme, netloc=target.netloc).geturl()
    return Attempt(url, context.state, plan.redirect_uri)


def complete(plan: SchwabPlan, code: str, clock: Clock) -> Login:
    """Exchange a code for a login, and keep it in the plan's file.

    Conflict when Schwab refuses the code or the application, Unavailable when it or the disk does not answer.
    """
    try:
        login = redeem(plan, code, clock.now)
    except Refused as error:
        raise Conflict(f"Schwab refuses the login ({error.reason}): {_advice(error.reason)}") from None
    file = TokenFile(plan.token_file)
    with file.held():
        file.write(login)
    return login


def _answer(address: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(urlsplit(address.strip().strip("'\"")).query))
    except ValueError:
        return {}


def _advice(reason: str) -> str:
    if reason in ("invalid_client", "unauthorized_client"):
        return (
            "compare SCHWAB_CLIENT_ID and SCHWAB_CLIENT_SECRET with the developer portal; the app must be ready there"
        )
    return (
        f"a code is good once and for {CODE_LASTS_S} s, so run this again; SCHWAB_REDIRECT_URI must be the callback"
        " address of the developer portal to the letter, without a slash at the end"
    )
