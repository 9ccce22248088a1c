"""The way in: the page on which to log in, by a password or by a link that works once, and the way out."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from app.access.attempts import Attempts
from app.access.logins import end_login, start_login, use_link, user_with_password
from app.access.models import User
from app.access.tokens import Token, read_token
from app.gate.cookies import drop_cookie, read_cookie, set_cookie
from app.gate.recording import note
from app.gate.sites import is_known_name, is_of_own_page
from app.runtime import Runtime, runtime

BODY_LIMIT_BYTES: Final = 8192
_ATTEMPTS: Final = "thor.attempts"
# Of one name more may be wrong than of one address: else anybody could shut its owner out for a while.
_FREE_PER_NAME: Final = 20
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

entry = APIBlueprint("entry", __name__, template_folder="templates", enable_openapi=False)


def install_entry(app: Flask) -> None:
    """Put the way in and out on `app`."""
    app.extensions[_ATTEMPTS] = (Attempts(), Attempts(free=_FREE_PER_NAME))
    app.register_blueprint(entry)


@entry.before_request
def require_known_page() -> None:
    """403 for a name that is not ours, and for a form that another place's page sent; 413 for a long one."""
    request.max_content_length = BODY_LIMIT_BYTES
    if not is_known_name(request, runtime().settings.web_names):
        raise Forbidden("nobody logs in under this name: WEB_HOSTS tells the names of other machines' browsers")
    if request.method == "POST" and not is_of_own_page(request):
        raise Forbidden("this form was not sent by Thor's own page")


@entry.after_request
def harden(answer: Response) -> Response:
    """Nothing runs on these pages, and nothing is kept of them."""
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


@entry.get("/login")
def show_login() -> str:
    """The page on which to log in."""
    return _page()


@entry.post("/login")
def log_in() -> Any:
    """Log in: 401 for a wrong name or password, 429 with Retry-After for too many of them."""
    name, address = request.form.get("name", "")[:64], request.remote_addr or ""
    wait = _begin(address, name)
    if wait:
        seconds = int(wait.total_seconds()) + 1
        note("log in", name, "refused", actor="nobody", reason="too many attempts")
        return (
            _page(f"Too many attempts: wait {seconds} s."),
            HTTPStatus.TOO_MANY_REQUESTS,
            {"Retry-After": str(seconds)},
        )
    rt = runtime()
    with rt.sessions.begin() as session:
        user = user_with_password(session, name, request.form.get("password", ""))
        token = _logged_in(session, rt, user) if user else None
    if user is None or token is None:
        note("log in", name, "failed", actor="nobody", reason="wrong name or password")
        return _page("The name or the password is wrong."), HTTPStatus.UNAUTHORIZED
    for one, told in zip(_attempts(), (address, name), strict=True):
        one.succeeded(told)
    return _let_in(rt, user, token, "password")


@entry.get("/login/<link>")
def show_link(link: str) -> str:
    """The page of a link that works once; it is used by the button, so that looking at it does not use it up."""
    if read_token(link, "link") is None:
        raise NotFound("this is no login link")
    return render_template("gate/link.html", link=link, target=local_target(request.args.get("next", "")))


@entry.post("/login/<link>")
def use_login_link(link: str) -> Any:
    """Log in by a link: 401 when it was used, or is too old."""
    rt = runtime()
    with rt.sessions.begin() as session:
        user = use_link(session, link, rt.clock.now())
        token = _logged_in(session, rt, user) if user else None
    if user is None or token is None:
        note("log in", "", "failed", actor="nobody", reason="a link that opens nothing")
        return _page("This link was used or is too old. `flask user link NAME` makes another."), HTTPStatus.UNAUTHORIZED
    return _let_in(rt, user, token, "link")


@entry.post("/logout")
def log_out() -> AnyResponse:
    """End the login of this browser."""
    rt, text = runtime(), read_cookie(request)
    found = rt.ring.caller_of_login(text) if text else None
    if found is not None:
        with rt.sessions.begin() as session:
            end_login(session, found.credential)
        rt.ring.look_again()
        note("log out", actor=found.label)
    answer = redirect(url_for("entry.show_login"), HTTPStatus.SEE_OTHER)
    drop_cookie(request, answer)
    return answer


@entry.get("/login/style.css")
def send_style() -> Response:
    """How these pages look."""
    return Response((Path(__file__).parent / "static" / "entry.css").read_text(encoding="utf-8"), mimetype="text/css")


def local_target(target: str) -> str:
    """A path of this site, the start page for everything else: nobody is sent elsewhere after the login."""
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target and not (parts.scheme or parts.netloc)
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def _begin(address: str, name: str) -> timedelta:
    now = runtime().clock.now()
    return max(one.begin(told, now) for one, told in zip(_attempts(), (address, name), strict=True))


def _logged_in(session: Session, rt: Runtime, user: User) -> Token:
    # Whoever was logged in with this browser is no longer.
    before = read_token(read_cookie(request) or "", "login")
    if before is not None:
        end_login(session, before.id)
    return start_login(session, user, rt.clock.now())


def _let_in(rt: Runtime, user: User, token: Token, way: str) -> AnyResponse:
    rt.ring.look_again()
    note("log in", user.name, actor=f"user {user.name}", way=way)
    answer = redirect(local_target(request.form.get("next", "")), HTTPStatus.SEE_OTHER)
    set_cookie(request, answer, token)
    return answer


def _attempts() -> tuple[Attempts, Attempts]:
    found: tuple[Attempts, Attempts] = current_app.extensions[_ATTEMPTS]
    return found


def _page(problem: str = "") -> str:
    target = local_target(request.values.get("next", ""))
    return render_template("gate/login.html", problem=problem, target=target)
