"""Who may change things: whether a request comes from this machine, judged by its peer and its headers."""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PROXY_MARKS: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")


def is_loopback(address: str) -> bool:
    """Whether an IP address is one of this machine's own; False for what is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def host_of(url: str) -> str | None:
    """The host name of an address such as //localhost:8000, None for what has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def stranger(peer: str, headers: Headers, names: Collection[str] = ()) -> str | None:
    """Why a request is not let in, None when it is.

    Without `names` it must come from this machine, without a proxy between, under one of its own names. With `names`
    it may come from anywhere under those. A web page of another place is refused in either case.
    """
    if not names and (not is_loopback(peer) or any(mark in headers for mark in PROXY_MARKS)):
        return "only this machine is let in, without a proxy between"
    host = host_of(f"//{headers.get('Host', '')}")
    if host is None or host not in LOCAL_NAMES | set(names):
        return "this is not a name under which anybody is let in"
    origin = headers.get("Origin")
    if origin is not None and host_of(origin) != host:
        return "web pages of other places are not let in"
    return None
