"""Whether a request comes from this machine, judged by its peer and its headers."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

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
