"""Changing what the trader watches, and having the collectors take it up."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.exceptions import RedisError

from app.bus import keys
from app.bus.hashes import read_hash
from app.errors import Rejected, Unavailable
from app.instruments.store import list_instruments, set_watchlist, watchlist
from app.instruments.symbology import resolve
from app.operations.wishes import SIMULATED, restart, want_in_session
from app.stores import Stores

log = logging.getLogger(__name__)

# Sources that collect the watchlist; an Excel sheet has a list of its own.
FOLLOWERS: Final = ("SCHWAB", SIMULATED)


@dataclass(frozen=True, slots=True)
class Telling:
    """What became of telling the collectors: the sources that begin anew, and whether all that had to could be told."""

    restarted: list[str]
    collectors_told: bool


def watch(stores: Stores, symbols: Sequence[str]) -> Telling:
    """Watch these symbols in this order, and no others, and have the sources that follow the watchlist take it up.

    A source that was told its symbols by hand keeps them. Another order of the same symbols is nobody's reason to begin
    anew; the very same list is, so that one whose telling failed can be set again. Where Redis is away, collectors take
    the list up when they start again. Rejected and NotFound as `set_watchlist`.
    """
    with stores.sessions.begin() as session:
        before = set_watchlist(session, symbols)
    if list(symbols) != before and set(symbols) == set(before):
        return Telling([], collectors_told=True)
    return _tell(stores)


def take_up(stores: Stores, before: Sequence[str], symbols: Sequence[str]) -> Telling:
    """Have the sources that follow the watchlist take up one that is set already, where it has other symbols than
    `before`; as `watch` does."""
    return _tell(stores) if set(symbols) != set(before) else Telling([], collectors_told=True)


def with_symbols(stores: Stores, added: Sequence[str], position: int | None) -> list[str]:
    """The watchlist with symbols moved to, or added at, a position from 1 on; at the end without one."""
    with stores.sessions() as session:
        others = [symbol for symbol in watchlist(session) if symbol not in added]
    place = len(others) if position is None else position - 1
    return [*others[:place], *added, *others[place:]]


def without_symbols(stores: Stores, removed: Sequence[str]) -> list[str]:
    """The watchlist without symbols; Rejected when one is not on it."""
    with stores.sessions() as session:
        watched = watchlist(session)
    if unknown := [symbol for symbol in removed if symbol not in watched]:
        raise Rejected(f"{', '.join(unknown)[:80]} is not watched: see `flask watchlist`")
    return [symbol for symbol in watched if symbol not in removed]


def named_symbols(stores: Stores, text: str) -> list[str]:
    """Symbols of names separated by commas, such as ES,/NQ:XCME, each once; Rejected when a name is none.

    A contract is rejected: a symbol is watched, whatever its contract.
    """
    names = [name for part in text.split(",") if (name := part.strip())]
    if not names:
        raise Rejected("no symbol is named: write them separated by commas, such as ES,NQ")
    return list(dict.fromkeys(_named_symbol(stores, name) for name in names))


def check_names(stores: Stores, names: Sequence[str]) -> tuple[list[str], dict[int, str]]:
    """The symbols of names such as ES or /NQ:XCME, and, by place from 0 on, why one cannot be watched: it is no symbol
    or no instrument, or an earlier one is the same. With nothing in the second, there is a symbol for each name."""
    with stores.sessions() as session:
        known = {one.symbol for one in list_instruments(session)}
    symbols, wrong = list[str](), dict[int, str]()
    for place, name in enumerate(names):
        try:
            symbol = _named_symbol(stores, name)
        except Rejected as error:
            wrong[place] = str(error)
            continue
        if symbol not in known:
            wrong[place] = f"there is no instrument {symbol}"
        elif symbol in symbols:
            wrong[place] = f"{symbol} would be watched twice"
        symbols.append(symbol)
    return symbols, wrong


def _named_symbol(stores: Stores, name: str) -> str:
    found = resolve(name, stores.clock.now().date())
    if found.contract is not None:
        raise Rejected(f"{found.contract} is a contract: watch {found.symbol}, and its rolls are followed")
    return found.symbol


def _tell(stores: Stores) -> Telling:
    restarted = list[str]()
    try:
        for source in FOLLOWERS:
            if _follows(stores, source):
                _take_up(stores, source)
                restarted.append(source)
    except (RedisError, Unavailable) as error:
        log.warning("the collectors were not told of the new watchlist: %s", str(error).partition("\n")[0])
        return Telling(restarted, collectors_told=False)
    return Telling(restarted, collectors_told=True)


def _follows(stores: Stores, source: str) -> bool:
    told = read_hash(stores.redis, keys.desired(source))
    return told.get("wanted") == "1" and (told.get("by") == "hours" or not told.get("symbols"))


def _take_up(stores: Stores, source: str) -> None:
    if source == SIMULATED:
        want_in_session(stores, source)  # Its symbols are written down with the wish.
    restart(stores, source)
