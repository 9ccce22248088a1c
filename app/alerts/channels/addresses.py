"""Where a web address leads: only to hosts that are listed, and only to addresses of the public internet.

What is posted to an address that somebody could choose must not reach this machine, its network or a cloud's metadata.
"""

import re
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from app.errors import Rejected, Unavailable

HTTPS_PORT: Final = 443
Resolve = Callable[[str, int], Sequence[str]]
Address = IPv4Address | IPv6Address
# At least two labels, the last of which is no number: else a resolver could take the name for an address, such as
# 2130706433, 0x7f.1 or 127.1.
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# RFC 6052: the last four bytes are an address of version 4, which a gateway speaks to.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """A host by its name, the port there, and what follows in the address."""

    host: str
    port: int
    path: str


def parse_target(url: str, hosts: Collection[str]) -> Target:
    """Where an https address leads; Rejected when it is none, or its host is not one of `hosts`.

    Only a name of letters, digits, hyphens and dots is a host here, in no notation of a number. The error tells nothing
    of the address but the host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS_PORT
    except ValueError:
        raise Rejected("must look like https://hooks.example.com/a/path") from None
    if any(not letter.isprintable() or letter in " \\" or ord(letter) > 126 for letter in url):
        raise Rejected("must have no spaces, backslashes and other letters than those of English")
    if parts.scheme != "https":
        raise Rejected("must begin with https://")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise Rejected("must have no user and no password before its host")
    if not _NAME.fullmatch(host):
        raise Rejected("must name a host, such as hooks.example.com, and no address in numbers")
    named = host if port == HTTPS_PORT else f"{host}:{port}"
    if named not in {listed.lower().removesuffix(f":{HTTPS_PORT}") for listed in hosts}:
        raise Rejected(f"leads to {named}, which ALERT_WEBHOOK_HOSTS does not list")
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: Address) -> bool:
    """Whether an address is of the public internet and of one machine there.

    An address of version 4 inside one of version 6 (mapped, translated, 6to4, Teredo) must be public itself.
    """
    if isinstance(address, IPv6Address):
        inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _TRANSLATED:
            inside.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(one) for one in inside):
            return False
        if address.ipv4_mapped is not None or address in _TRANSLATED:
            return True
        if address.is_site_local or address.scope_id is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the machine's resolver has them; OSError when it has none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def checked_addresses(
    target: Target, resolve: Resolve = resolve_name, is_allowed: Callable[[Address], bool] = is_public
) -> list[str]:
    """The addresses of a target, each once; a connection must go to one of them, and not to the name once more.

    Rejected when only one of them is not allowed: who answers with both wants to get in. Unavailable when the name has
    none at this moment.
    """
    try:
        found = list(dict.fromkeys(resolve(target.host, target.port)))
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise Unavailable(f"the name {target.host} has no address at this moment")
    if not all(_passes(address, is_allowed) for address in found):
        raise Rejected(f"{target.host} leads to an address that is not public: nothing was sent there")
    return found


def _passes(text: str, is_allowed: Callable[[Address], bool]) -> bool:
    try:
        return is_allowed(ip_address(text))
    except ValueError:
        return False
