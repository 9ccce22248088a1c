"""Instruments and their rolls as the edges show them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.clock import instant_text
from app.instruments.catalogue import VENUES
from app.instruments.models import ContractRoll, TradingInstrument
from app.instruments.roll_history import RollKey, active_contracts, list_rolls
from app.instruments.store import list_instruments, require_instrument
from app.quotes import LIVE_SOURCES
from app.stores import Stores

Form = dict[str, Any]


def instrument_forms(stores: Stores) -> list[Form]:
    """All instruments with every fact, the watched ones first and in order; positions count from 1."""
    with stores.sessions() as session:
        found = list_instruments(session)
        active: dict[str, list[ContractRoll]] = {}
        for row in active_contracts(session).values():
            active.setdefault(row.symbol, []).append(row)
    places = {one.symbol: place for place, one in enumerate(found, start=1) if one.watch_position is not None}
    return [_instrument_form(stores, one, places, active.get(one.symbol, [])) for one in found]


def roll_forms(session: Session, symbol: str | None) -> list[Form]:
    """The changes of contracts, newest first, with the first contract of each source; NotFound for no instrument."""
    if symbol is not None:
        require_instrument(session, symbol)
    return [roll_form(row) for row in list_rolls(session, symbol)]


def roll_rows(session: Session, symbol: str, limit: int, after: RollKey | None) -> list[ContractRoll]:
    """The changes of a symbol's contract behind one, newest first; NotFound for no instrument."""
    require_instrument(session, symbol)
    return list_rolls(session, symbol, limit=limit, after=after)


def roll_form(row: ContractRoll) -> Form:
    """One change of a contract."""
    return {
        "symbol": row.symbol,
        "source": row.source,
        "kind": row.kind,
        "from_contract": row.from_contract,
        "to_contract": row.to_contract,
        "session_date": row.session_date.isoformat(),
        "last_ts": None if row.last_ts is None else instant_text(row.last_ts),
        "first_ts": instant_text(row.first_ts),
        "noticed_at": instant_text(row.noticed_at),
    }


def _instrument_form(
    stores: Stores, one: TradingInstrument, places: Mapping[str, int], active: Sequence[ContractRoll]
) -> Form:
    # The desk's truth are the live sources; a replay may be of any year.
    shown = max(active, key=lambda row: (row.source in LIVE_SOURCES, row.first_ts), default=None)
    return {
        "symbol": one.symbol,
        "name": one.name,
        "mic": one.mic,
        "venue": VENUES.get(one.mic),
        "currency": one.currency,
        "tick_size": _plain(one.tick_size),
        "tick_decimals": one.tick_decimals,
        "multiplier": _plain(one.multiplier),
        "tick_value": _plain(one.tick_value),
        "price_format": one.price_format,
        "calendar": one.calendar,
        "market": stores.market_of(one.symbol).name,
        "schwab_symbol": one.schwab_symbol,
        "tos_symbol": one.tos_symbol,
        "watch_position": places.get(one.symbol),
        "contract": shown and shown.to_contract,
        "contract_since": shown and instant_text(shown.first_ts),
        "contract_source": shown and shown.source,
    }


def _plain(value: Decimal) -> str:
    # What PostgreSQL returns has nine places.
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
