"""Quotes as REST tells them: the same listings under other names."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.schwab.board import EQUITIES, FUTURES, Board, Listing

FUTURE_QUOTE: Final[Mapping[str, str]] = {
    "1": "bidPrice",
    "2": "askPrice",
    "3": "lastPrice",
    "4": "bidSize",
    "5": "askSize",
    "8": "totalVolume",
    "9": "lastSize",
    "10": "quoteTime",
    "11": "tradeTime",
    "12": "highPrice",
    "13": "lowPrice",
    "14": "closePrice",
    "18": "openPrice",
    "19": "netChange",
    "20": "futurePercentChange",
    "22": "securityStatus",
    "23": "openInterest",
    "24": "mark",
    "25": "tick",
    "26": "tickAmount",
    "37": "askTime",
    "38": "bidTime",
    "39": "quotedInSession",
}
FUTURE_REFERENCE: Final[Mapping[str, str]] = {
    "15": "exchange",
    "16": "description",
    "21": "exchangeName",
    "27": "product",
    "28": "futurePriceFormat",
    "29": "futureTradingHours",
    "30": "futureIsTradable",
    "31": "futureMultiplier",
    "32": "futureIsActive",
    "33": "futureSettlementPrice",
    "34": "futureActiveSymbol",
    "35": "futureExpirationDate",
}
EQUITY_QUOTE: Final[Mapping[str, str]] = {
    "1": "bidPrice",
    "2": "askPrice",
    "3": "lastPrice",
    "4": "bidSize",
    "5": "askSize",
    "8": "totalVolume",
    "9": "lastSize",
    "10": "highPrice",
    "11": "lowPrice",
    "12": "closePrice",
    "17": "openPrice",
    "18": "netChange",
    "19": "52WeekHigh",
    "20": "52WeekLow",
    "32": "securityStatus",
    "33": "mark",
    "34": "quoteTime",
    "35": "tradeTime",
    "37": "bidTime",
    "38": "askTime",
    "42": "netPercentChange",
}
EQUITY_REFERENCE: Final[Mapping[str, str]] = {"13": "exchange", "15": "description", "25": "exchangeName"}
LOT: Final = 100  # The streamer tells these sizes in lots, and REST in shares.
NAMES: Final = {FUTURES: (FUTURE_QUOTE, FUTURE_REFERENCE), EQUITIES: (EQUITY_QUOTE, EQUITY_REFERENCE)}


def quotes(board: Board, symbols: Iterable[str], parts: Iterable[str]) -> dict[str, Any]:
    """The body for these symbols, each with the parts that are asked for (`quote`, `reference`); all when none is."""
    body: dict[str, Any] = {}
    unknown = []
    for symbol in symbols:
        found = [(service, board.find(service, symbol)) for service in NAMES]
        known = next(((service, listing) for service, listing in found if listing is not None), None)
        if known is None:
            unknown.append(symbol)
        else:
            body[symbol] = _one(*known, frozenset(parts))
    return body | ({"errors": {"invalidSymbols": unknown}} if unknown else {})


def _one(service: str, listing: Listing, parts: frozenset[str]) -> dict[str, Any]:
    first = dict(listing.first)
    delayed, cusip = first.pop("delayed"), first.pop("cusip", None)
    quote, reference = (_named(listing.fields, names) for names in NAMES[service])
    if service == FUTURES:
        quote["settleTime"] = 0
    else:
        first["quoteType"] = "NBBO"
        quote |= {name: LOT * quote[name] for name in ("bidSize", "askSize") if name in quote}
        reference["cusip"] = cusip
    told = {**first, "symbol": listing.key, "realtime": not delayed, "ssid": 0}
    sections = {"reference": reference, "quote": quote}
    return told | {name: values for name, values in sections.items() if not parts or name in parts or "all" in parts}


def _named(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: fields[number] for number, name in names.items() if number in fields}
