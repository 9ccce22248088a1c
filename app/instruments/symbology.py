"""The names that sources give to what is traded, and the canonical symbol and contract behind each."""

import re
from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from app.errors import Rejected
from app.instruments.catalogue import CATALOGUE
from app.quotes import parse_symbol

MONTH_CODES: Final = "FGHJKMNQUVXZ"  # January to December.
_EXCHANGE: Final = re.compile(r":[A-Z]{2,6}")
_CONTRACT: Final = re.compile(rf"([{MONTH_CODES}])([0-9]{{1,2}})")
_DATED: Final = re.compile(rf"([A-Z0-9]{{1,5}}?)([{MONTH_CODES}])([0-9]{{2}})")


class Traded(NamedTuple):
    """A canonical symbol, and its contract where the name tells one, such as ES and ESZ25."""

    symbol: str
    contract: str | None = None


def resolve(name: str, today: date, roots: Collection[str] = CATALOGUE.keys()) -> Traded:
    """What a source's name means: /ES:XCME, /ES and ES are ES; /ESZ25 and ESZ5 are contract ESZ25 of ES.

    `roots` are the futures that are known; the longest that fits is taken, so M2K and 6E are roots and not contracts.
    A year of one digit is the one from 4 years before `today` to 5 years after it. A name behind a slash that is not
    of a known root is read as root, month and two digits where it looks like that. Rejected when nothing can be made
    of it.
    """
    text = name.strip().upper()
    is_future = text.startswith("/")
    bare = text.removeprefix("/")
    if exchange := _EXCHANGE.search(bare):
        bare = bare[: exchange.start()] if exchange.end() == len(bare) else bare
    if bare in roots:
        return Traded(bare)
    for root in sorted((root for root in roots if bare.startswith(root)), key=len, reverse=True):
        if dated := _CONTRACT.fullmatch(bare, len(root)):
            return Traded(root, f"{root}{dated[1]}{_year(dated[2], today):02}")
    if is_future and (dated := _DATED.fullmatch(bare)):
        return Traded(parse_symbol(dated[1]), bare)
    try:
        return Traded(parse_symbol(bare))
    except Rejected:
        raise Rejected(f"{name[:40]!r} is no symbol: write it like /ES:XCME, /ESZ25 or ES") from None


def _year(digits: str, today: date) -> int:
    if len(digits) == 2:
        return int(digits)
    return next(year for year in range(today.year - 4, today.year + 6) if year % 10 == int(digits)) % 100
