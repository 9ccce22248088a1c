"""Copying what Redis knows of publishing and of losses to the database, where no flush can take it."""

import logging
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from redis import Redis
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.published import Publishing, forget_published, read_publishing
from app.clock import parse_day
from app.errors import Rejected
from app.ledger.balance import Key
from app.ledger.given_numbers import save_last_numbers
from app.ledger.losses import record_loss
from app.ledger.published import published_by_key, save_published
from app.stores import Stores

log = logging.getLogger(__name__)

KINDS: Final = ("trimmed_unread", "collector_drop")
PAGE: Final = 1000
KEPT: Final = timedelta(days=7)
UNKNOWN: Final = "?"  # A symbol that no balance has: such a loss is no evidence of what a balance lacks.
_KEY_FIELDS: Final = frozenset({"kind", "count", "source", "symbol", "session_date"})


def fold_published(stores: Stores) -> dict[Key, int]:
    """Bring the published counts and the last numbers up to date; returns what was ever published by key."""
    told = read_publishing(stores.redis)
    with stores.sessions.begin() as session:
        _save(session, told)
        return published_by_key(session)


def forget_published_tokens(stores: Stores) -> int:
    """Have Redis forget counts of tokens that nobody holds, a week after their days; returns of how many tokens."""
    told = read_publishing(stores.redis)
    with stores.sessions.begin() as session:
        _save(session, told)
    before = stores.market.session_of(stores.clock.now()) - KEPT
    return forget_published(stores.redis, told.counts, before)


def fold_losses(stores: Stores) -> int:
    """Move the announced losses to the table, each once; returns how many announcements were new.

    An announcement that cannot be read is logged as an error and left out.
    """
    folded = 0
    while page := _announced(stores.redis):
        generation, entries = page
        with stores.sessions.begin() as session:
            for entry_id, fields in entries:
                folded += _fold(session, f"redis:{generation}:{entry_id}", fields)
        # Only what is committed goes; if this fails, the next time finds that it is recorded.
        stores.redis.xdel(keys.LOSSES, *(entry_id for entry_id, _fields in entries))
    return folded


def _save(session: Session, told: Publishing) -> None:
    save_published(session, told.counts)
    save_last_numbers(session, told.last_numbers)


def _announced(client: Redis) -> tuple[str, list[tuple[str, dict[str, str]]]] | None:
    # Together, because the ids belong to the generation.
    with client.pipeline(transaction=True) as pipe:
        pipe.get(keys.GENERATION)
        pipe.xrange(keys.LOSSES, count=PAGE)
        generation, entries = pipe.execute()
    return (generation or "none", entries) if entries else None


def _fold(session: Session, ref: str, fields: Mapping[str, str]) -> bool:
    try:
        kind, count, (source, symbol, day) = fields["kind"], int(fields["count"]), _key(fields)
        if kind not in KINDS or count <= 0:
            raise ValueError(kind)
    except (KeyError, ValueError, Rejected) as error:
        log.error("a loss was announced that cannot be read (%s): %s %s", error, ref, dict(fields))
        return False
    detail = {name: value for name, value in fields.items() if name not in _KEY_FIELDS}
    told = (count, kind.replace("_", " "), _of_what(source, symbol, day), detail)
    log.error("%s events lost (%s) of %s: see `flask losses`; %s", *told)
    return record_loss(session, kind, ref, count, source, symbol, day, detail)


def _of_what(source: str | None, symbol: str | None, day: date | None) -> str:
    if symbol is None:
        return "symbols that the next balance at rest finds out"
    return f"{source} {symbol} on {day}" if day else f"{source}, symbol and day unknown"


def _key(fields: Mapping[str, str]) -> tuple[str, str, date | None] | tuple[None, None, None]:
    if "symbol" not in fields:
        return None, None, None
    if not fields["symbol"]:
        return fields["source"], UNKNOWN, None
    return fields["source"], fields["symbol"], parse_day(fields["session_date"])
