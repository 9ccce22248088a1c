"""What guards the admin: admins only, the token of every change, and the headers of every answer."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from itertools import chain
from typing import Final

from flask import Flask, Response, abort, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from app.gate.guard import Policy, caller, install_guard
from app.gate.policy import needed_by_admin
from app.gate.sites import is_by_https

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
STATIC: Final = frozenset({"admin.static"})
POLICY: Final = Policy(needed_by_admin, lambda endpoint: endpoint not in STATIC)
csrf: Final = CSRFProtect()
_LOGIN: Final = "login"


class CookieSessions(SecureCookieSessionInterface):
    """Signed cookies that travel by https alone where the request did."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the browser, or the proxy before us, spoke https."""
        return super().get_cookie_secure(app) or is_by_https(request)


def install_security(app: Flask, handlers: Iterable[str]) -> None:
    """Guard every request of `app`; `handlers` are the attributes of script that its pages may have."""
    install_guard(app, POLICY)
    csrf.init_app(app)
    app.session_interface = CookieSessions()
    app.extensions["thor_script_hashes"] = " ".join(sorted({_hash(one) for one in handlers}))
    app.jinja_env.globals["csp_nonce"] = nonce
    app.before_request(require_token)
    app.before_request(require_text)
    app.after_request(harden)


def require_token() -> None:
    """400 for a change without its token, which is of one login; reading needs no token."""
    if session.get(_LOGIN) != caller().credential:
        session.clear()
        session[_LOGIN] = caller().credential
        session.permanent = True
    if request.method in UNSAFE:
        csrf.protect()


def require_text() -> None:
    """400 for what holds NUL, which PostgreSQL keeps in no text."""
    if any("\0" in text for _, text in chain(request.args.items(multi=True), request.form.items(multi=True))):
        abort(400, "a text must not hold the character NUL")


def nonce() -> str:
    """The word that this answer's own scripts carry; another one for each request."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    found: str = g.csp_nonce
    return found


def harden(answer: Response) -> Response:
    """Headers that keep pages of others, and texts that were stored here, from doing anything."""
    answer.headers["Content-Security-Policy"] = _policy()
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["Referrer-Policy"] = "same-origin"  # By https a form is known by where it came from.
    if request.endpoint not in STATIC:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _policy() -> str:
    # Flask-Admin's own pages have scripts in attributes: those that are known run, by their hashes, and no others.
    hashes = current_app.extensions["thor_script_hashes"]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce()}' 'unsafe-hashes' {hashes}".rstrip(),
            f"style-src 'self' 'nonce-{nonce()}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
