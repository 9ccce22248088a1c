"""The ledger as it is shown: balances, losses and gaps, and the sums of all of it."""

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from app.clock import instant_text
from app.ledger.balance import Balance, read_balances
from app.ledger.gaps import KINDS, STATES, count_gaps
from app.ledger.models import Gap, Loss
from app.ledger.totals import (
    balanced_at,
    count_dead_letters,
    gravest,
    sum_all_balances,
    sum_balances,
    sum_losses,
)
from app.stores import Stores

Form = dict[str, Any]
NEVER: Final = "never balanced"
KEYS_SHOWN: Final = 10
_URGENCY: Final = ("unexplained", "surplus", "in_flight")


def ledger_figures(stores: Stores) -> dict[str, dict[tuple[str, ...], int]]:
    """The sums of the whole ledger, by name and there by label: none for what balances count, which there is once.

    `losses` are by kind, `dead_letters` by state, `gaps` by both; every kind and state is present. `in_flight` may be
    negative, where entries came from outside of Thor's publishers.
    """
    with stores.sessions() as session:
        sums, losses, letters = sum_all_balances(session), sum_losses(session), count_dead_letters(session)
        gaps = count_gaps(session)
    return {
        **{name: {(): count} for name, count in sums.items()},
        "losses": {(kind,): count for kind, count in losses.items()},
        "dead_letters": {(state,): count for state, count in letters.items()},
        "gaps": {(kind, state): gaps.get((kind, state), 0) for kind in KINDS for state in STATES},
    }


def day_account(session: Session, day: date, source: str | None = None, symbol: str | None = None) -> Form:
    """The balances of a trading day, of one source or symbol where they are named, with totals and a verdict.

    `at` is when the day was last balanced, None when it never was.
    """
    balances = [
        balance
        for balance in sorted(read_balances(session, [day]).values(), key=_place)
        if source in (None, balance.source) and symbol in (None, balance.symbol)
    ]
    at = balanced_at(session, day)
    return {
        "day": day.isoformat(),
        "at": instant_text(at) if at else None,
        "verdict": gravest(balances),
        "totals": sum_balances(balances),
        "balances": [balance_form(balance) for balance in balances],
    }


def ledger_summary(stores: Stores) -> Form:
    """The balance of the running and of the last closed trading day, losses by kind, letters and gaps to look at.

    Of each day `not_balanced` says how many sources' symbols are not, and shows up to ten, the most urgent `first`:
    their differences may make up for each other in the sums of the day.
    """
    now = stores.clock.now()
    [closed] = stores.market.last_completed(now, 1)
    with stores.sessions() as session:
        days = sorted({closed.day, stores.market.session_of(now)}, reverse=True)
        shown: Form = {day.isoformat(): _day_summary(session, day) for day in days}
        gaps = count_gaps(session)
        return shown | {
            "losses": {kind: count for kind, count in sum_losses(session).items() if count},
            "dead_letters_open": count_dead_letters(session)["open"],
            "gaps_open": sum(gaps.get((kind, "open"), 0) for kind in KINDS),
        }


def balance_form(balance: Balance) -> Form:
    """A balance as JSON shows it."""
    form = asdict(balance)
    form["session_date"] = balance.session_date.isoformat()
    return form


def loss_form(loss: Loss) -> Form:
    """A loss as JSON shows it."""
    return {
        "id": loss.id,
        "kind": loss.kind,
        "count": loss.count,
        "source": loss.source,
        "symbol": loss.symbol,
        "session_date": loss.session_date.isoformat() if loss.session_date else None,
        "parent_id": loss.parent_id,
        "ref": loss.ref,
        "detail": loss.detail,
        "observed_at": instant_text(loss.observed_at),
    }


def gap_form(gap: Gap) -> Form:
    """A gap as JSON shows it; numbers are null for a feed gap."""
    is_sequence = gap.kind == "sequence"
    return {
        "id": gap.id,
        "kind": gap.kind,
        "source": gap.source,
        "session_date": gap.session_date.isoformat(),
        "from_seq": gap.from_seq if is_sequence else None,
        "to_seq": gap.to_seq if is_sequence else None,
        "missing": gap.missing if is_sequence else None,
        "from_ts": instant_text(gap.from_ts),
        "to_ts": instant_text(gap.to_ts),
        "symbols": gap.symbols,
        "cause": gap.cause,
        "state": gap.state,
        "found_at": instant_text(gap.found_at),
        "closed_at": instant_text(gap.closed_at) if gap.closed_at else None,
    }


def _day_summary(session: Session, day: date) -> Form | str:
    account = day_account(session, day)
    if not account["at"]:
        return NEVER
    found = sorted((one for one in account["balances"] if one["verdict"] in _URGENCY), key=_urgency)
    listed = {"count": len(found), "first": found[:KEYS_SHOWN]}
    return {"verdict": account["verdict"], **account["totals"], "not_balanced": listed}


def _urgency(balance: Form) -> tuple[int, int]:
    return _URGENCY.index(balance["verdict"]), -abs(balance["in_flight"])


def _place(balance: Balance) -> tuple[str, str]:
    return balance.source, balance.symbol
