"""The names that sources give to what is traded, and the canonical symbol and contract behind each."""

import re
from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.quotes import parse_symbol

MONTH_CODES: Final = "FGHJKMNQUVXZ"  # January to December.
_EXCHANGE: Final = re.compile(r":[A-Z]{2,6}$")
_DELIVERY: Final = re.compile(r"([A-Z])([0-9]{1,4})")
_FUTURE: Final = re.compile(r"[A-Z0-9]{1,5}")
_FUTURE_CONTRACT: Final = re.compile(rf"([A-Z0-9]{{1,5}}?)([{MONTH_CODES}](?:20[0-9]{{2}}|[0-9]{{1,2}}))")
_CONTRACT: Final = re.compile(rf"[A-Z0-9]{{1,5}}([{MONTH_CODES}])([0-9]{{2}})")


class Traded(NamedTuple):
    """A canonical symbol, and its contract where the name tells one, such as ES and ESZ25."""

    symbol: str
    contract: str | None = None


def resolve(name: str, today: date, roots: Collection[str] = CATALOGUE.keys()) -> Traded:
    """What a source's name means: /ES:XCME, /ES and ES are ES; /ESZ25, ESZ5 and ESZ2025 are contract ESZ25 of ES.

    `roots` are the futures that are known; the longest that fits is taken, so M2K and 6E are roots and not contracts.
    A year of one digit is the one from 4 years before `today` to 5 years after it. A name behind a slash that is not
    of a known root is read as root, month and year where it looks like that, else as a root. Case, blanks around the
    name and an exchange behind a colon mean nothing. Rejected, in words that help, when nothing can be made of it.
    """
    # Only ASCII is upper-cased: other letters may turn into ASCII ones, and so into a symbol that nobody wrote.
    text = name.replace("\xa0", " ").strip()
    text = text.upper() if text.isascii() else ""
    bare = _EXCHANGE.sub("", text.removeprefix("/"))
    if bare in roots:
        return Traded(bare)
    for root in sorted((root for root in roots if bare.startswith(root)), key=len, reverse=True):
        if delivery := _DELIVERY.fullmatch(bare, len(root)):
            return Traded(root, root + _delivery(name, delivery[1], delivery[2], today))
    if text.startswith("/"):
        return _unknown_future(name, bare, today)
    try:
        return Traded(parse_symbol(bare))
    except Rejected:
        raise _no_symbol(name) from None


def schwab_symbol(symbol: str, contract: str | None = None) -> str:
    """Schwab's name of a canonical symbol, or of its contract where one is named: /ES, /ESZ25.

    A symbol that is not of the catalogue has no slash without a contract, as shares have.
    """
    if contract is not None:
        return f"/{contract}"
    known = CATALOGUE.get(symbol)
    return known.schwab_symbol if known else symbol


def tos_symbol(symbol: str, contract: str | None = None) -> str:
    """The name that thinkorswim's RTD takes, which for futures has the exchange: /ES:XCME, /ESZ25:XCME.

    A symbol that is not of the catalogue is taken for a share, whose name has neither; Rejected with a contract of
    one, because its exchange is not known.
    """
    known = CATALOGUE.get(symbol)
    if known is None and contract is not None:
        raise Rejected(f"the exchange of {contract[:40]} is not known: {symbol[:16]} is not in `flask instruments`")
    if known is None:
        return symbol
    return known.tos_symbol if contract is None else f"/{contract}:{known.mic}"


def delivery_of(contract: str) -> tuple[int, int]:
    """Year and month of a canonical contract, such as (2025, 12) for ESZ25; Rejected when it is none."""
    found = _CONTRACT.fullmatch(contract)
    if found is None:
        raise Rejected(f"{contract[:40]!r} is no contract: write it like ESZ25")
    return 2000 + int(found[2]), MONTH_CODES.index(found[1]) + 1


def spellings(contract: str) -> tuple[str, ...]:
    """How sources may write a canonical contract, itself first: ESZ25, ESZ5, ESZ2025."""
    return contract, contract[:-2] + contract[-1], f"{contract[:-2]}20{contract[-2:]}"


def _delivery(name: str, month: str, year: str, today: date) -> str:
    if month not in MONTH_CODES:
        raise Rejected(f"{name[:40]!r} names no month: {month} is not one of {MONTH_CODES}, as in /ESZ25")
    if len(year) == 3 or (len(year) == 4 and not year.startswith("20")):
        raise Rejected(f"{name[:40]!r} names no year: write one, two or four digits, as in /ESZ25")
    if len(year) == 1:
        year = next(f"{full}" for full in range(today.year - 4, today.year + 6) if full % 10 == int(year))
    return f"{month}{year[-2:]}"


def _unknown_future(name: str, bare: str, today: date) -> Traded:
    if dated := _FUTURE_CONTRACT.fullmatch(bare):
        return Traded(dated[1], dated[1] + _delivery(name, dated[2][0], dated[2][1:], today))
    if not _FUTURE.fullmatch(bare):
        raise _no_symbol(name)
    return Traded(bare)


def _no_symbol(name: str) -> Rejected:
    return Rejected(f"{name[:40]!r} is no symbol: write it like /ES:XCME, /ESZ25 or ES")
