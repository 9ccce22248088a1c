"""What must hold before Thor listens to other machines: no debugger, no password that anybody could guess."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from app.access.weakness import is_weak

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def exposure_problems(addresses: Mapping[str, str | None], flower_login: str, is_debugging: bool) -> Iterator[str]:
    """What is wrong with the settings of a Thor that other machines reach, without the values.

    `addresses` are those of servers by the names of their settings, None where Thor makes its own with passwords of its
    own; `flower_login` is `user:password`, or empty.
    """
    if is_debugging:
        yield "FLASK_DEBUG: must be off where WEB_HOST is no loopback address; it lets others run code"
    for name, url in addresses.items():
        if url is not None and is_weak(unquote(urlsplit(url).password or "")):
            yield f"{name}: {_advice('its password')}"
    if flower_login and is_weak(flower_login.partition(":")[2]):
        yield f"FLOWER_BASIC_AUTH: {_advice('the password')}"


def _advice(what: str) -> str:
    return (
        f"{what} is missing, short or easily guessed, and WEB_HOST is no loopback address; "
        "`openssl rand -hex 24` makes a good one"
    )
