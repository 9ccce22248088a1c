"""Logging in and out: one account, whose password `flask admin-password` sets."""

from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Semaphore
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.admin.attempts import Attempts
from app.admin.history import ACTOR
from app.admin.mount import PREFIX
from app.admin.security import STATIC
from app.clock import instant_text, parse_instant
from app.local.credentials import AdminPassword
from app.runtime import runtime

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
# Each check takes 32 MB and a core for a moment.
_CHECKS: Final = Semaphore(2)
_OPEN: Final = STATIC | {"access.log_in", "access.log_in_post", "access.log_out"}

access = Blueprint("access", __name__, url_prefix=PREFIX)


class Account(UserMixin):
    """The one account; its id changes with the password, so that a new password ends all sessions."""

    def __init__(self, mark: str) -> None:
        self.id = f"{ACTOR}:{mark}"


def install_login(app: Flask) -> None:
    """Let nobody see anything of `app` before they have logged in."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(_load)
    app.extensions["thor_attempts"] = Attempts()
    app.register_blueprint(access)
    app.before_request(require_login)


def require_login() -> Response | None:
    """Send whoever is not logged in to the login page; a change is refused outright."""
    if request.endpoint in _OPEN or current_user.is_authenticated:
        return None
    session.clear()
    if request.method != "GET" or request.headers.get("X-Requested-With"):
        return Response("log in first", status=HTTPStatus.UNAUTHORIZED, mimetype="text/plain")
    return redirect(url_for("access.log_in", next=request.full_path.rstrip("?")))


@access.get("/login")
def log_in() -> str | Response:
    """The page on which to log in, or how to set a password where there is none."""
    if current_user.is_authenticated:
        return redirect(_local_target(request.args.get("next", "")))
    return _page()


@access.post("/login", endpoint="log_in_post")
def check_in() -> Any:
    """Log in: 401 for a wrong name or password, 429 with Retry-After for too many of them."""
    rt, attempts = runtime(), _attempts()
    address = request.remote_addr or ""
    wait = attempts.begin(address, rt.clock.now())
    if wait:
        seconds = int(wait.total_seconds()) + 1
        text = f"Too many attempts: wait {seconds} s."
        return _page(text), HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(seconds)}
    password = AdminPassword(rt.settings.state_dir)
    with _CHECKS:
        right = password.check(request.form.get("password", ""))
    if not (right and request.form.get("name", "") == ACTOR):
        return _page("The name or the password is wrong."), HTTPStatus.UNAUTHORIZED
    attempts.succeeded(address)
    # Nothing of the session before is carried over, nor is its token.
    session.clear()
    session.permanent = True
    session["since"] = instant_text(rt.clock.now())
    login_user(Account(password.mark()))
    return redirect(_local_target(request.form.get("next", "")))


@access.post("/logout")
def log_out() -> Response:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("access.log_in"))


def _load(told: str) -> Account | None:
    rt = runtime()
    account = Account(AdminPassword(rt.settings.state_dir).mark())
    return account if told == account.id and _is_fresh(rt.clock.now()) else None


def _is_fresh(now: datetime) -> bool:
    since = session.get("since")
    return isinstance(since, str) and now - parse_instant(since) < LONGEST


def _attempts() -> Attempts:
    found: Attempts = current_app.extensions["thor_attempts"]
    return found


def _page(problem: str = "") -> str:
    told = AdminPassword(runtime().settings.state_dir).is_set()
    target = _local_target(request.values.get("next", ""))
    return render_template("thor/login.html", problem=problem, has_password=told, target=target)


def _local_target(target: str) -> str:
    # Whatever was asked for, it is a path of the admin: never another site.
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target and not (parts.scheme or parts.netloc)
    inside = parts.path == PREFIX or parts.path.startswith(f"{PREFIX}/")
    return target if plain and inside and "/../" not in f"{parts.path}/" else f"{PREFIX}/"
