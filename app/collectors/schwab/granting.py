"""Schwab's token endpoint: a code or a refresh token in exchange for tokens."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import httpx
from pydantic import ValidationError

from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.tokens import ACCESS_LASTS_S, Grant, Login
from app.collectors.schwab.upstream import library
from app.errors import Conflict, Unavailable

TIMEOUT_S: Final = 10.0
_TOKEN_PATH: Final = "/v1/oauth/token"  # noqa: S105
_TEMPORARY: Final = ("server_error", "temporarily_unavailable", "too_many_requests", "slow_down")
_WORD: Final = re.compile(r"[A-Za-z_]{1,60}")


class Refused(Conflict):
    """Schwab does not take what it was given; `reason` is its own word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Schwab refuses it ({reason})")
        self.reason = reason


def reason_of(told: object) -> str:
    """Schwab's own word for a refusal, where it is one."""
    return told if isinstance(told, str) and _WORD.fullmatch(told) else "it does not say why"


def refresh(plan: SchwabPlan, login: Login, now: Callable[[], datetime]) -> Login:
    """The login with a new access token; Refused, or Unavailable when Schwab gives no answer."""
    old = login.token.refresh_token
    grant = _grant(plan, lambda client, url: client.refresh_token(url, refresh_token=old), now, old)
    return login.model_copy(update={"token": grant})


def redeem(plan: SchwabPlan, code: str, now: Callable[[], datetime]) -> Login:
    """The login behind an authorization code; Refused, or Unavailable when Schwab gives no answer."""
    grant = _grant(
        plan,
        lambda client, url: client.fetch_token(
            url, grant_type="authorization_code", code=code, redirect_uri=plan.redirect_uri
        ),
        now,
    )
    return Login(creation_timestamp=int(now().timestamp()), token=grant)


def _grant(
    plan: SchwabPlan,
    ask: Callable[[Any, str], Mapping[str, Any]],
    now: Callable[[], datetime],
    refresh_token: str | None = None,
) -> Grant:
    asked_at = now()
    try:
        with library().OAuth2Client(plan.client_id, plan.client_secret, timeout=TIMEOUT_S) as client:
            answer = dict(ask(client, plan.api_url + _TOKEN_PATH))
    except library().OAuthError as error:
        reason = reason_of(getattr(error, "error", ""))
        if reason in _TEMPORARY:
            raise Unavailable(f"Schwab gives no token for now ({reason})") from None
        raise Refused(reason) from None
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"Schwab gives no token for now (HTTP {error.response.status_code})") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"Schwab does not answer ({type(error).__name__}): is the network up?") from None
    except (ValueError, TypeError, AttributeError):
        raise Unavailable("Schwab's answer to a request for a token cannot be read") from None
    # By our clock, from before the question: authlib's own figure goes by the machine's, from after the answer.
    lasts_s = answer.get("expires_in") or ACCESS_LASTS_S
    try:
        told = {"refresh_token": refresh_token, **{name: value for name, value in answer.items() if value is not None}}
        return Grant.model_validate({**told, "expires_in": lasts_s, "expires_at": int(asked_at.timestamp()) + lasts_s})
    except (ValidationError, TypeError):
        raise Unavailable("Schwab's answer to a request for a token has no tokens in it") from None
