"""Explaining what is missing from a balance: by what is known of losses, by a reset of the stream, or not at all."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.ledger.balance import Balance, Key, Verdict
from app.ledger.evidence import (
    STREAM_RESET,
    UNEXPLAINED,
    Inferred,
    assign_loss,
    infer_loss,
    inferred_losses,
    open_evidence,
    set_aside,
    unexplained_losses,
    withdraw_loss,
)

log = logging.getLogger(__name__)

# Evidence of a loss and the loss itself are found by different processes, but soon after each other.
TOGETHER: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Draft:
    """A balance before its losses are found: `missing` of the published events are gone for certain."""

    key: Key
    published: int
    stored: int
    dead: int
    duplicates: int
    lost: int
    missing: int


def close_balances(
    session: Session, drafts: Iterable[Draft], *, was_reset: bool, complete_since: datetime | None = None
) -> list[Balance]:
    """Record a loss for everything that is missing, take back those that turned up, and balance what is left.

    `complete_since`: all that went before this instant is missing from the drafts by now, so that older evidence which
    explains none of it never will; None where some may not show yet. Doing it again with the figures that result
    changes nothing.
    """
    finder = _LossFinder(session, STREAM_RESET if was_reset else UNEXPLAINED)
    balances = [finder.close(draft) for draft in drafts]
    finder.explain_late()
    if complete_since is not None:
        finder.set_aside(complete_since)
    return balances


class _LossFinder:
    def __init__(self, session: Session, kind: Inferred) -> None:
        self._session, self._kind = session, kind
        self._evidence = open_evidence(session)
        self._inferred = inferred_losses(session)

    def explain_late(self) -> None:
        # Evidence may be found after its loss was: an ingestor tells of trimmed entries when it reads again.
        for one in self._evidence:
            for key, count in unexplained_losses(self._session, one.observed_at - TOGETHER).items() if one.left else ():
                taken = withdraw_loss(self._session, key, min(count, one.left), UNEXPLAINED)
                assign_loss(self._session, one, key, taken)

    def set_aside(self, before: datetime) -> None:
        for one in self._evidence:
            if one.left and one.observed_at < before:
                log.warning("%s entries (%s) are gone that no publisher of Thor misses", one.left, one.kind)
                set_aside(self._session, one)

    def close(self, draft: Draft) -> Balance:
        explained = self._assign(draft.key, draft.missing)
        inferred = draft.missing - explained
        lost = draft.lost + draft.missing
        if inferred:
            self._infer(draft.key, inferred, draft.lost + explained)
        else:
            lost -= self._withdraw(draft.key, lost - (draft.published - draft.stored - draft.dead - draft.duplicates))
        return _balance(draft, lost, is_unexplained=inferred > 0 and self._kind == UNEXPLAINED)

    def _assign(self, key: Key, count: int) -> int:
        wanted = count
        for one in self._evidence:
            wanted -= assign_loss(self._session, one, key, wanted)
        return count - wanted

    def _infer(self, key: Key, count: int, lost_before: int) -> None:
        log.error("%s events of %s %s on %s are missing: %s", count, *key, self._kind.replace("_", " "))
        infer_loss(self._session, self._kind, key, count, lost_before)

    def _withdraw(self, key: Key, surplus: int) -> int:
        wanted = min(surplus, self._inferred.get(key, 0))
        if wanted <= 0:
            return 0
        log.warning("%s events of %s %s on %s, which were counted as lost, turned up", wanted, *key)
        return withdraw_loss(self._session, key, wanted)


def _balance(draft: Draft, lost: int, *, is_unexplained: bool) -> Balance:
    in_flight = draft.published - draft.stored - draft.dead - draft.duplicates - lost
    verdict: Verdict = "in_flight" if in_flight > 0 else "surplus" if in_flight < 0 else "balanced"
    return Balance(
        *draft.key,
        published=draft.published,
        stored=draft.stored,
        dead=draft.dead,
        duplicates=draft.duplicates,
        lost=lost,
        in_flight=in_flight,
        verdict="unexplained" if is_unexplained else verdict,
    )
