"""Who asks, and whether they may: looked at before anything else is done with a request."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from typing import Final
from urllib.parse import urlencode

from flask import Flask, Request, Response, g, redirect, request
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from app.access.roles import ANONYMOUS, Caller, Role
from app.edge.limiting import READ_BURST_S
from app.edge.rates import RateLimit
from app.gate.cookies import read_cookie
from app.gate.policy import OPEN, PAGES, TICKETED, needed_by
from app.gate.sites import is_known_name, is_of_own_page, is_of_this_machine
from app.gate.tickets import take_ticket
from app.local.callers import is_loopback
from app.runtime import EXTENSION, Runtime, runtime

log = logging.getLogger(__name__)

SAFE: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})
CHALLENGE: Final = 'Bearer realm="thor"'
LOGIN: Final = "/login"
# Addresses end up in logs and histories: a secret that lasts has no place there.
_SECRET_NAMES: Final = frozenset({"key", "api_key", "apikey", "token", "access_token", "password", "authorization"})
_TICKET: Final = "ticket"


@dataclass(frozen=True)
class Policy:
    """What an application asks of its callers: the role that an endpoint needs, and which endpoints are pages.

    Whoever is not known is led from a page to the login.
    """

    needed: Callable[[str | None], Role | None]
    is_page: Callable[[str | None], bool]


DESK: Final = Policy(needed_by, PAGES.__contains__)


def install_guard(app: Flask, policy: Policy = DESK) -> None:
    """Let nobody do anything at `app` but what their role may.

    401 for who is not known, 429 for who is not known too often, 403 for who may not. It has to be installed before
    everything else that looks at requests.
    """
    per_s = app.extensions[EXTENSION].settings.rate_limit_per_s
    strangers = RateLimit(per_s, max(1, round(per_s * READ_BURST_S)))
    app.before_request(lambda: _check(policy, strangers))
    app.after_request(challenge)


def caller() -> Caller:
    """Who sent the present request; the guard has let them pass."""
    found: Caller = g.caller
    return found


def _check(policy: Policy, strangers: RateLimit) -> AnyResponse | None:
    try:
        return check_request(request, policy)
    except Unauthorized:
        if wait_s := strangers.take(request.remote_addr or "", time.monotonic()):
            raise TooManyRequests("nobody that is known asks too often", retry_after=math.ceil(wait_s)) from None
        raise


def check_request(request: Request, policy: Policy) -> AnyResponse | None:
    """Let a request pass as its caller's, or lead it to the login; Unauthorized or Forbidden else."""
    _refuse_development(request)
    if request.endpoint in OPEN:
        g.caller = ANONYMOUS
        return None
    role = policy.needed(request.endpoint)
    if role is None:
        raise Forbidden("nobody may do this: no role is named for it")
    found = identify(request, runtime())
    if found is not None and found.role.allows(role):
        g.caller = found
        return None
    if found is not None and found is not ANONYMOUS:
        g.caller = found
        raise Forbidden(f"{found.label} is {found.role}; for this one must be {role}")
    if policy.is_page(request.endpoint) and request.method in SAFE and "X-Requested-With" not in request.headers:
        place = urlencode({"next": request.full_path.rstrip("?")})
        return redirect(f"{LOGIN}?{place}", HTTPStatus.FOUND)
    raise Unauthorized(f"for this one must be {role}: send Authorization: Bearer <key>, or log in at {LOGIN}")


def identify(request: Request, rt: Runtime) -> Caller | None:
    """Who sends a request: by its key, its ticket, its cookie, or as nobody in particular on this machine.

    None when it is nobody that is known. Unauthorized when a key or a ticket opens nothing: whoever shows one means to
    be somebody. Forbidden when a login is used from a page of another place.
    """
    if _SECRET_NAMES & {name.lower() for name in request.args}:
        raise Unauthorized("a key has no place in an address, which is logged: send Authorization: Bearer <key>")
    if "Authorization" in request.headers:
        return _by_key(request, rt)
    if request.endpoint in TICKETED and _TICKET in request.args:
        return _by_ticket(request, rt)
    text = read_cookie(request)
    found = rt.ring.caller_of_login(text) if text and is_known_name(request, rt.settings.web_names) else None
    if found is not None:
        if request.method not in SAFE and not is_of_own_page(request):
            g.caller = found
            raise Forbidden("this login changes things from Thor's own pages only")
        return found
    return ANONYMOUS if rt.settings.reads_anonymously and is_of_this_machine(request) else None


def _by_key(request: Request, rt: Runtime) -> Caller:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    found = rt.ring.caller_of_key(key.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        log.warning("a key that opens nothing was shown by %s", request.remote_addr)
        raise Unauthorized("this key opens nothing: it is unknown, revoked or over; `flask key list` shows the keys")
    return found


def _by_ticket(request: Request, rt: Runtime) -> Caller:
    found = take_ticket(rt.redis, request.args[_TICKET])
    if found is None or not rt.ring.holds(found):
        raise Unauthorized("this ticket opens nothing: each opens one stream, within half a minute; get another one")
    return found


def _refuse_development(request: Request) -> None:
    if "werkzeug.socket" in request.environ and not is_loopback(request.remote_addr or ""):
        raise Forbidden("the development server answers its own machine only: use `flask up`")


def challenge(answer: Response) -> Response:
    """Have an answer of 401 say how one tells who one is."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        answer.headers.setdefault("WWW-Authenticate", CHALLENGE)
    return answer
