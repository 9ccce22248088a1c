"""The close of a market's session: what it means, in order, and doing it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.bus import keys
from app.bus.groups import group_state
from app.bus.marks import is_past, mark_stream
from app.desk.events import EventKey
from app.desk.models import MarketDataSnapshot, SessionCertificate
from app.desk.snapshots import find_certificate, find_snapshot, save_certificate
from app.errors import Conflict, Unavailable
from app.market.sessions import Session as Hours
from app.operations.certificate_upkeep import is_outdated
from app.operations.certifying import FAILED, QUALITY, SessionFacts, draw_up, gather_facts
from app.operations.event_keeping import record_end, working_at
from app.operations.exporting import export_session
from app.operations.opening import begin_snapshot, require_session
from app.operations.reconciling import reconcile
from app.stores import Stores

log = logging.getLogger(__name__)

DRAIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.25
# Ticks that come while files are written and compared make them differ, not so often in a row; and damage that was
# found in comparing is mended by the next export.
ATTEMPTS: Final = 3
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Closed:
    """What closing a session, or completing its record, came to; `ending` is None when its event had ended before."""

    ending: str | None
    certificate: SessionCertificate


def describe_close(stores: Stores, market: str, day: date) -> list[str]:
    """What closing a session will do, a line each; NotFound when there is none on that day."""
    hours = require_session(stores, market, day)
    return [
        f"wait for the close at {hours.close:%Y-%m-%d %H:%M} UTC and the last events of the session",
        "have the collectors stop that follow market hours, unless another watched market is open",
        "wait until every event of the stream is stored",
        f"balance what was published on {day} against what became of it",
        f"write the ticks and bars of {market} on {day} to the lake",
        f"certify the session of {market} on {day}",
        "complete its snapshot",
    ]


def close_session(stores: Stores, market: str, day: date, tell: Tell = lambda _text: None) -> Closed:
    """Drain the stream, balance, export, certify and complete the snapshot of a session that is over; each effect once.

    Where the event has ended before, only a certificate that is outdated is made again. Conflict while the session
    runs, or another process closes it; Unavailable, to be done again, while the stream is not drained, or when disk,
    database or bus fail; NotFound without a session on that day.
    """
    hours, key = require_over(stores, market, day), EventKey(market, day, "close")
    with working_at(stores, key, hours.close) as is_due:
        if not is_due and (known := _valid_certificate(stores, market, day)) is not None:
            return Closed(None, known)
        certificate = complete_session(stores, market, hours, tell)
        ending = record_end(stores, key, {"verdict": certificate.verdict})
    level = logging.ERROR if certificate.verdict == FAILED else logging.INFO
    log.log(level, "%s closed on %s (%s): %s", market, day, ending or "certified again", _said(certificate))
    return Closed(ending, certificate)


def backfill_session(stores: Stores, market: str, day: date, tell: Tell = lambda _text: None) -> Closed:
    """Make whatever of a session is missing: snapshot, export, bars, certificate; those of a closed session again.

    Errors as of `close_session`.
    """
    hours, key = require_over(stores, market, day), EventKey(market, day, "close")
    with working_at(stores, key, hours.close):
        certificate = complete_session(stores, market, hours, tell)
        return Closed(record_end(stores, key, {"verdict": certificate.verdict}), certificate)


def close_unless_under_way(stores: Stores, market: str, day: date) -> None:
    """Close a session, unless another process does so at this moment; what cannot be done yet is logged."""
    try:
        close_session(stores, market, day)
    except Conflict as busy:
        log.info("%s", busy)
    except Unavailable as waiting:
        log.warning("the close of %s on %s is not done yet: %s", market, day, waiting)


def complete_session(stores: Stores, market: str, hours: Hours, tell: Tell) -> SessionCertificate:
    """Everything that the record of a session over needs, in order; done again, it finds it done."""
    tell("snapshot: baseline of the session before")
    begin_snapshot(stores, market, hours)
    for _attempt in range(ATTEMPTS):
        refusal = _store(stores, market, hours.day, tell)
        tell("certificate: comparing lake and database")
        facts = gather_facts(stores, market, hours)
        certificate = draw_up(market, facts, stores.clock.now())
        if not refusal and certificate.verdict != FAILED:
            break
    if refusal:
        certificate.verdict = FAILED
        certificate.reasons = [refusal, *certificate.reasons]
    _save(stores, certificate, facts)
    return certificate


def _store(stores: Stores, market: str, day: date, tell: Tell) -> str:
    tell("stream: waiting until everything is stored")
    drain(stores, DRAIN_S)
    tell("accounts: balancing what was published")
    reconcile(stores)
    tell("lake: ticks and bars")
    return _export(stores, market, day)


def require_over(stores: Stores, market: str, day: date) -> Hours:
    """The hours of a session that is over; Conflict while it runs or lies ahead, NotFound without one on that day."""
    hours = require_session(stores, market, day)
    if stores.clock.now() < hours.close:
        raise Conflict(
            f"the session of {market} on {day} is not over: it closes at {hours.close:%Y-%m-%d %H:%M} UTC, and is "
            "closed by itself then"
        )
    return hours


def drain(stores: Stores, within_s: float) -> None:
    """Wait until everything that was published by now is stored; Unavailable after `within_s`."""
    mark, deadline = mark_stream(stores.redis), time.monotonic() + within_s
    while stores.redis.exists(keys.STREAM) and not is_past(stores.redis, mark):
        if mark.generation is None:  # No group has met this stream yet: the one that does gives it its generation.
            mark = mark_stream(stores.redis)
        if time.monotonic() >= deadline:
            behind = group_state(stores.redis).behind
            raise Unavailable(
                f"{behind:,} events of the stream are not stored yet: see `flask redis-to-postgres --status`"
            )
        time.sleep(LOOK_EVERY_S)


def _export(stores: Stores, market: str, day: date) -> str:
    try:
        export_session(stores, market, day)
    except Conflict as refusal:
        return str(refusal).replace(f"{stores.lake.root}/", "")
    return ""


def _valid_certificate(stores: Stores, market: str, day: date) -> SessionCertificate | None:
    with stores.sessions() as session:
        known = find_certificate(session, market, day)
        return None if known is None or is_outdated(stores, session, known) else known


def _save(stores: Stores, certificate: SessionCertificate, facts: SessionFacts) -> None:
    with stores.sessions.begin() as session:
        save_certificate(session, certificate)
        snapshot = find_snapshot(session, certificate.market, certificate.session_date)
        if snapshot is not None:
            _complete(snapshot, certificate, facts)


def _complete(snapshot: MarketDataSnapshot, certificate: SessionCertificate, facts: SessionFacts) -> None:
    snapshot.opens_at, snapshot.closes_at = facts.hours.open, facts.hours.close
    snapshot.completed_at = certificate.made_at
    snapshot.ticks, snapshot.symbols = certificate.figures["ticks"], certificate.figures["symbols"]
    snapshot.by_symbol = dict(facts.stored)
    snapshot.first_ts, snapshot.last_ts = facts.span or (None, None)
    snapshot.quality = {name: certificate.figures[name] for name in QUALITY}


def _said(certificate: SessionCertificate) -> str:
    return f"{certificate.verdict}{': ' if certificate.reasons else ''}{'; '.join(certificate.reasons)}"
