"""The headers that every answer carries, whoever made it: an endpoint, the admin, an error, or the server itself."""

from collections.abc import Iterable, Mapping
from typing import Final

Headers = list[tuple[str, str]]

# What is no page loads nothing, runs nothing and is framed by nobody.
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
GUARDS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": DATA_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS: Final = ("Strict-Transport-Security", "max-age=31536000")


def guarded(headers: Iterable[tuple[str, str]], *, encrypted: bool) -> Headers:
    """`headers` with all guards; those that the answer has already stay, as a page knows best what it loads.

    `encrypted`: the request came by https, so that browsers may be told to come by nothing else.
    """
    given = list(headers)
    known = {name.lower() for name, _ in given}
    given += [(name, value) for name, value in GUARDS.items() if name.lower() not in known]
    if encrypted and HSTS[0].lower() not in known:
        given.append(HSTS)
    return given


def came_encrypted(environ: Mapping[str, object]) -> bool:
    """Whether a request came by https, to this server or to a proxy before it."""
    return "https" in (environ.get("wsgi.url_scheme"), str(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower())
