"""Who can reach what: ports that listen beyond this machine, and passwords that can be guessed."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

import psutil

from app.access.weakness import is_weak
from app.operations.doctor.findings import Finding, Level
from app.operations.doctor.installation import Installation

_PROXY: Final = "keep WEB_HOST at 127.0.0.1 and let a proxy with TLS stand before it"
_MAKE: Final = "`python -c 'import secrets; print(secrets.token_urlsafe(24))'` makes a good one"


def look_at_network(installation: Installation) -> Iterator[Finding]:
    """Whether nobody else gets in."""
    yield check_web_host(installation.web_host)
    try:
        listening = list(listeners())
    except (psutil.AccessDenied, OSError):
        yield Finding("ports", "unknown", "the system does not tell which ports listen", "run as root to see them")
    else:
        yield check_ports(installation.ports, listening, installation.web_host)
    for name, url in (("DATABASE_URL", installation.database_url), ("REDIS_URL", installation.redis_url)):
        if url:
            yield check_password(name, url)


def check_web_host(host: str) -> Finding:
    """The web server was told to listen on this machine only."""
    if is_local(host):
        return Finding("web_host", "ok", f"WEB_HOST is {host}: this machine only")
    return Finding("web_host", "warning", f"WEB_HOST is {host}: other machines reach the web server", _PROXY)


def check_ports(ports: Mapping[str, int], listening: Iterable[tuple[str, int]], web_host: str) -> Finding:
    """What runs here listens on this machine only, but for a web server that was told otherwise."""
    names = {port: name for name, port in ports.items()}
    wide = {f"{names[port]} on {host}:{port}" for host, port in listening if port in names and not is_local(host)}
    expected = {text for text in wide if text.startswith("web on ") and not is_local(web_host)}
    if beyond := sorted(wide - expected):
        fix = "bind it to 127.0.0.1, or close the port in the firewall"
        return Finding("ports", "wrong", f"reached from other machines: {', '.join(beyond)}", fix)
    if not ports:
        return Finding("ports", "ok", "nothing of this Thor listens")
    return Finding("ports", "ok", f"{', '.join(sorted(ports))} listen on this machine only, or as they were told")


def check_password(name: str, url: str) -> Finding:
    """The address of a server has a password that cannot be guessed; it is not told."""
    parts = urlsplit(url)
    password, label = unquote(parts.password or ""), f"password_of_{name.lower()}"
    if not password:
        level: Level = "warning" if is_local(parts.hostname or "localhost") else "wrong"
        return Finding(label, level, f"{name} has no password", f"give the server one: {_MAKE}")
    if is_weak(password) or password.lower() == unquote(parts.username or "").lower():
        return Finding(
            label, "wrong", f"the password in {name} is short, simple or easily guessed", f"change it: {_MAKE}"
        )
    return Finding(label, "ok", f"{name} has a password that is no usual one")


def listeners() -> Iterator[tuple[str, int]]:
    """The addresses and ports that listen on this machine."""
    for one in psutil.net_connections(kind="tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr:
            yield one.laddr.ip, one.laddr.port


def is_local(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.startswith("/")  # A socket's folder.
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
