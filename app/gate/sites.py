"""Where a request comes from: this machine, under which name, and out of which web page."""

from collections.abc import Collection

from flask import Request

from app.local.callers import LOCAL_NAMES, PROXY_MARKS, host_of, is_loopback


def is_of_this_machine(request: Request) -> bool:
    """Whether a program of this machine asks, directly and under one of the machine's own names."""
    direct = is_loopback(request.remote_addr or "") and not any(mark in request.headers for mark in PROXY_MARKS)
    return direct and named_host(request) in LOCAL_NAMES


def is_known_name(request: Request, names: Collection[str]) -> bool:
    """Whether the request names this machine, or one of `names`: what a page of another place cannot arrange."""
    return named_host(request) in LOCAL_NAMES | set(names)


def is_of_own_page(request: Request) -> bool:
    """Whether a page of Thor itself sent the request, as browsers tell it; what no browser sends is of no page.

    Browsers say so in Sec-Fetch-Site, the older ones in Origin or Referer alone.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source is None:
        return site == "same-origin"
    return host_and_port(source) == host_and_port(f"//{request.headers.get('Host', '')}")


def is_by_https(request: Request) -> bool:
    """Whether the browser, or the proxy before us, speaks https."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def named_host(request: Request) -> str | None:
    """The name under which the request was sent, without a port."""
    return host_of(f"//{request.headers.get('Host', '')}")


def host_and_port(url: str) -> str:
    """Host and port of an address as it writes them, in small letters; empty where there is none."""
    return url.partition("//")[2].partition("/")[0].lower()
