"""Asking Schwab once for every symbol, to see what the login and the names are worth."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

import httpx

from app.collectors.schwab.listings import listings
from app.collectors.schwab.session import SchwabSession
from app.errors import NotFound, Unavailable
from app.instruments.catalogue import DEFAULT_WATCHLIST

_PRICES: Final = {"last": "lastPrice", "bid": "bidPrice", "ask": "askPrice"}


@dataclass(frozen=True)
class SymbolAnswer:
    """What Schwab says of a symbol under its own name; without prices, `problem` says why. Prices are as it has them.

    `is_delayed` is None where it does not say.
    """

    symbol: str
    schwab_symbol: str
    problem: str = ""
    contract: str | None = None
    last: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    is_delayed: bool | None = None

    @property
    def answers(self) -> bool:
        """Whether it has a quote."""
        return not self.problem


async def ask_for_quotes(session: SchwabSession, symbols: Sequence[str], today: date) -> list[SymbolAnswer]:
    """The answers for symbols, in order, under the names that the feed streams; for the default watchlist without any.

    Rejected when a symbol cannot be read. NeedsLogin when a person must log in; Unavailable when Schwab does not
    answer, NotFound when not as it should.
    """
    names = {one.symbol: one.key for one in listings(symbols or DEFAULT_WATCHLIST, today).values()}
    body = await _quotes(session, list(names.values()))
    return [_answer(symbol, name, body.get(name)) for symbol, name in names.items()]


async def _quotes(session: SchwabSession, names: list[str]) -> dict[str, Any]:
    for attempt in (1, 2):
        client = await session.client()
        try:
            answer = await client.get_quotes(names)
        except httpx.HTTPError as error:
            raise Unavailable(f"Schwab does not answer ({type(error).__name__}): is the network up?") from None
        if answer.status_code == HTTPStatus.UNAUTHORIZED and attempt == 1:
            await session.denied()
            continue
        break
    if answer.status_code != HTTPStatus.OK:
        raise Unavailable(f"Schwab gives no quotes (HTTP {answer.status_code}): {_advice(answer.status_code)}")
    try:
        body = json.loads(answer.text, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise NotFound("Schwab's quotes cannot be read: does SCHWAB_API_URL name its API?")
    return body


def _advice(status: int) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "does the app have the product Market Data in the developer portal?"
    return "wait a minute" if status == HTTPStatus.TOO_MANY_REQUESTS else "try again later"


def _answer(symbol: str, name: str, told: Any) -> SymbolAnswer:
    quote = told.get("quote") if isinstance(told, dict) else None
    if not isinstance(quote, dict):
        return SymbolAnswer(symbol, name, "Schwab does not know it")
    reference, realtime = told.get("reference"), told.get("realtime")
    contract = reference.get("futureActiveSymbol") if isinstance(reference, dict) else None
    prices = {ours: _price(quote.get(theirs)) for ours, theirs in _PRICES.items()}
    problem = "" if any(price is not None for price in prices.values()) else "it has no prices"
    delayed = not realtime if isinstance(realtime, bool) else None
    return SymbolAnswer(
        symbol, name, problem, str(contract).removeprefix("/") if contract else None, **prices, is_delayed=delayed
    )


def _price(told: Any) -> Decimal | None:
    if isinstance(told, bool) or not isinstance(told, int | Decimal):
        return None
    price = Decimal(told)
    return price if price.is_finite() else None
