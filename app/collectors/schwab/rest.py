"""Quotes that are asked for one by one: slower than the stream, and there when it is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from app.errors import Unavailable

TRIED_AGAIN_S: Final = 600.0


class Denied(Unavailable):
    """The access token is refused."""


class Throttled(Unavailable):
    """Schwab asks to be left alone for `wait_s` seconds, 0 where it does not say how many."""

    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Told:
    """One quote: the key that was asked for, the fields by Schwab's names, and whether they are delayed."""

    key: str
    fields: Mapping[str, object]
    is_delayed: bool


@dataclass(frozen=True)
class Answer:
    """The quotes that were given, the keys that Schwab does not know, and how many parts could not be read."""

    quotes: Sequence[Told]
    unknown: frozenset[str]
    malformed: int = 0


async def ask_quotes(client: Any, keys: Sequence[str]) -> Answer:
    """Ask for the quotes of keys in one request.

    Denied when the token is refused, Throttled when Schwab is asked too much or fails, Unavailable when it answers
    anything else; errors of httpx as they are.
    """
    parts = client.Quote.Fields
    response = await client.get_quotes(keys, fields=[parts.QUOTE, parts.REFERENCE])
    status = response.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Denied(f"Schwab answers {status} to a request for quotes: the access token is refused")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Throttled(f"Schwab answers {status} to a request for quotes", _seconds(response.headers))
    try:
        body = response.json() if status == HTTPStatus.OK else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unavailable(f"Schwab answers {status} to a request for quotes, and no quotes")
    return read_answer(body, keys)


def read_answer(body: Mapping[str, object], keys: Sequence[str]) -> Answer:
    """Take the body of an answer apart; what cannot be read is counted."""
    errors = body.get("errors")
    invalid = errors.get("invalidSymbols") if isinstance(errors, dict) else None
    unknown = {key for key in invalid if key in keys} if isinstance(invalid, list) else set()
    given = [body[key] for key in keys if key in body]
    quotes = [told for key in keys if key in body and (told := _told(key, body[key]))]
    return Answer(quotes, frozenset(unknown), len(given) - len(quotes))


def _told(key: str, entry: object) -> Told | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("quote"), dict):
        return None
    return Told(key, dict(_fields(entry)), entry.get("realtime") is False)


def _fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    yield from entry["quote"].items()
    reference = entry.get("reference")
    if isinstance(reference, dict) and "futureActiveSymbol" in reference:
        yield "futureActiveSymbol", reference["futureActiveSymbol"]


def _seconds(headers: Mapping[str, str]) -> float:
    told = headers.get("Retry-After", "")
    return min(float(told), TRIED_AGAIN_S) if told.isdecimal() else 0.0
