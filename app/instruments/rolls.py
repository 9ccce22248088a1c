"""When a source's symbol changed its contract, decided from the runs of contracts in its events; and what that breaks.

Prices of two contracts are no movement of the market: a return from one to the other is never used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from app.errors import Rejected
from app.instruments.symbology import delivery_of, resolve

Kind = Literal["first", "roll", "switch"]
# A contract that is quoted for less time, such as while a sheet is being edited, was never active.
SETTLED: Final = timedelta(seconds=60)


class Run(NamedTuple):
    """Events in a row of one contract, as the source writes it, from the first to the last of them."""

    contract: str
    first_ts: datetime
    last_ts: datetime


class Active(NamedTuple):
    """What is known so far: the active contract, the latest delivery there was, and the last event of the contract."""

    contract: str
    furthest: str
    last_ts: datetime


@dataclass(frozen=True)
class Change:
    """A change of the active contract, as `ContractRoll` keeps it; a `first` has no `from_contract` nor `last_ts`."""

    kind: Kind
    from_contract: str | None
    to_contract: str
    last_ts: datetime | None
    first_ts: datetime


class Break(NamedTuple):
    """That prices up to `last_ts` and prices from `first_ts` on are of different contracts."""

    last_ts: datetime
    first_ts: datetime


def changes(symbol: str, known: Active | None, runs: Sequence[Run]) -> list[Change]:
    """The changes that runs of a symbol's events show, in order; they begin after what is known, if anything is.

    A run counts once it has lasted for a minute without another contract between its events: what is shorter is no
    change, neither there nor back. What is no contract of the symbol says nothing.
    """
    found: list[Change] = []
    for run in _settled(symbol, runs):
        if known is None:
            found.append(Change("first", None, run.contract, None, run.first_ts))
            known = Active(run.contract, run.contract, run.last_ts)
        elif run.contract == known.contract:
            known = known._replace(last_ts=run.last_ts)
        else:
            is_later = delivery_of(run.contract) > delivery_of(known.furthest)
            kind: Kind = "roll" if is_later else "switch"
            found.append(Change(kind, known.contract, run.contract, known.last_ts, run.first_ts))
            known = Active(run.contract, run.contract if is_later else known.furthest, run.last_ts)
    return found


def canonical_contract(symbol: str, told: str | None, at: datetime) -> str | None:
    """The contract of a symbol that a source's word means, such as ESZ25 for ESZ5 in 2025; None when it means none."""
    try:
        found = resolve(told or "", at.date(), {symbol})
    except Rejected:
        return None
    return found.contract if found.symbol == symbol else None


def comparable(one: str | None, other: str | None) -> bool:
    """Whether prices of two canonical contracts may be compared: not when they are known to differ.

    Where a source does not tell its contract, only the rolls of its symbol can say more.
    """
    return one is None or other is None or one == other


def segments(bars: Sequence[tuple[datetime, datetime]], breaks: Sequence[Break]) -> list[range]:
    """Stretches of a series of bars, given as `[t_open, t_close)` in order, within which returns may be used.

    A stretch ends before a break and another begins after it; a bar that has prices of both contracts belongs to none.
    """
    found: list[range] = []
    begin = contract = 0
    for place, (opens, closes) in enumerate(bars):
        before, contract = contract, sum(one.first_ts < closes for one in breaks)
        is_mixed = any(opens <= one.last_ts and one.first_ts < closes for one in breaks)
        if is_mixed or contract != before:
            found.append(range(begin, place))
            begin = place + is_mixed
    return [part for part in (*found, range(begin, len(bars))) if part]


def _settled(symbol: str, runs: Sequence[Run]) -> Iterator[Run]:
    joined: list[Run] = []
    for run in runs:
        contract = canonical_contract(symbol, run.contract, run.first_ts)
        if contract is None:
            continue
        if joined and joined[-1].contract == contract:
            joined[-1] = joined[-1]._replace(last_ts=run.last_ts)
        else:
            joined.append(Run(contract, run.first_ts, run.last_ts))
    return (run for run in joined if run.last_ts - run.first_ts >= SETTLED)
