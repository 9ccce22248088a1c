"""The browser's cookie: the secret of a login, which scripts cannot read and other sites cannot send."""

from typing import Final

from flask import Request
from werkzeug.wrappers import Response

from app.access.tokens import Token
from app.gate.sites import is_by_https

_NAME: Final = "thor"


def read_cookie(request: Request) -> str | None:
    """The secret that the browser sent, if it sent one."""
    return request.cookies.get(_name(request))


def set_cookie(request: Request, answer: Response, token: Token) -> None:
    """Give the browser the secret of a login, until it is closed."""
    answer.set_cookie(_name(request), token.text, httponly=True, samesite="Lax", secure=is_by_https(request), path="/")


def drop_cookie(request: Request, answer: Response) -> None:
    """Have the browser forget it."""
    answer.delete_cookie(_name(request), httponly=True, samesite="Lax", secure=is_by_https(request), path="/")


def _name(request: Request) -> str:
    # Browsers do not tell ports apart: two Thors on one machine would take each other's cookies.
    port = request.host.partition(":")[2] if request.host.count(":") == 1 else ""
    prefix = "__Host-" if is_by_https(request) else ""
    return f"{prefix}{_NAME}{'_' if port else ''}{port}"
