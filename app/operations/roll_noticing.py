"""Noticing that a source has gone over to another contract of a symbol, from its newest quotes and stored ticks."""

import logging

from sqlalchemy.orm import Session

from app.bus.contracts import Quoted, quoted_contracts
from app.instruments.models import ContractRoll
from app.instruments.roll_history import active_contracts, furthest_contract, record_changes
from app.instruments.rolls import Active, Run, canonical_contract, changes
from app.instruments.symbology import spellings
from app.stores import Stores
from app.ticks.contracts import contract_runs, last_tick_of

log = logging.getLogger(__name__)


def notice_rolls(stores: Stores) -> list[ContractRoll]:
    """Keep each change of a contract that is settled, once, and say so in the log; returns those that are new.

    The newest quotes tell where something changed, the stored ticks when: what is not stored yet is found by a later
    look, and after an outage all that was stored in the meantime is gone through. A change and back that both fell
    into one outage are not noticed, nor are those of sessions that were replayed after newer ones.
    """
    quoted = quoted_contracts(stores.redis)
    with stores.sessions.begin() as session:
        active = active_contracts(session)
        found = [row for one in quoted for row in _changed(stores, session, one, active.get((one.symbol, one.source)))]
    for row in found:
        _tell(row)
    return found


def _changed(stores: Stores, session: Session, newest: Quoted, known: ContractRoll | None) -> list[ContractRoll]:
    symbol, source = newest.symbol, newest.source
    contract = canonical_contract(symbol, newest.contract, newest.ts)
    if contract is None or (known is not None and (contract == known.to_contract or newest.ts <= known.first_ts)):
        return []
    session_of = stores.market.session_of
    before = None if known is None else _active(session, known)
    # Where nothing is known, the session of the newest quote is enough.
    day = session_of(newest.ts)
    start = stores.market.window_of(newest.ts).start if before is None else before.last_ts
    runs = contract_runs(session, symbol, source, day if before is None else session_of(start), start)
    found = changes(symbol, before, [Run(*run) for run in runs])
    after = 0 if known is None else known.number
    return record_changes(session, symbol, source, found, session_of, after=after, now=stores.clock.now())


def _active(session: Session, known: ContractRoll) -> Active:
    symbol, source, contract = known.symbol, known.source, known.to_contract
    told = last_tick_of(session, symbol, source, spellings(contract), known.session_date, known.first_ts)
    return Active(contract, furthest_contract(session, symbol, source) or contract, told or known.first_ts)


def _tell(row: ContractRoll) -> None:
    at = f"since {row.first_ts:%Y-%m-%d %H:%M:%S} UTC"
    if row.kind == "first":
        log.info("%s at %s is %s", row.symbol, row.source, row.to_contract)
    elif row.kind == "roll":
        log.info("%s at %s has rolled from %s to %s %s", row.symbol, row.source, row.from_contract, row.to_contract, at)
    else:
        log.warning(
            "%s at %s went from %s to %s %s, which is no later contract: is it what you want to see?",
            row.symbol,
            row.source,
            row.from_contract,
            row.to_contract,
            at,
        )
