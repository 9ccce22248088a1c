"""One more row of each list of the API, for those who test its pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.access.audit import record
from app.alerts.rules import Condition
from app.alerts.store import raise_alert
from app.instruments.roll_history import record_changes
from app.instruments.rolls import Change
from app.jobs.running import run_job
from app.jobs.watching import RunLimits
from app.lake.models import LakeFile
from app.ledger.losses import record_loss
from app.ledger.models import Gap
from app.runtime import Runtime
from tests.analyses import SteppedAnalysis, ask
from tests.factories import DAY, words
from tests.letters import put_letter
from tests.premarket_days import report_row

NOON = datetime(2025, 10, 9, 17, tzinfo=UTC)
SYMBOLS = ("ES", "NQ", "CL", "GC", "SI", "ZB", "ZN", "RTY", "YM", "HG")


def add_audit(rt: Runtime, number: int) -> None:
    """An entry of anna."""
    with rt.sessions.begin() as session:
        record(session, rt.clock.now(), "user anna", "flask purge", str(number))


def add_alert(rt: Runtime, number: int) -> None:
    """An unresolved alert."""
    with rt.sessions.begin() as session:
        raise_alert(session, Condition("source_silent", f"S{number}", "look", None, {}), rt.clock.now())


def add_loss(rt: Runtime, number: int) -> None:
    """A loss of `number` events."""
    with rt.sessions.begin() as session:
        record_loss(session, "trimmed_unread", f"test:{number}", number)


def add_gap(rt: Runtime, number: int) -> None:
    """A gap of one number."""
    known: dict[str, Any] = {"kind": "sequence", "source": "SCHWAB", "session_date": DAY, "missing": 1, "symbols": {}}
    with rt.sessions.begin() as session:
        session.add(Gap(**known, from_seq=number, to_seq=number, from_ts=NOON, to_ts=NOON))


def add_letter(rt: Runtime, number: int) -> None:
    """An open dead letter."""
    put_letter(rt.sessions, words(last=f"x{number}"))


def add_job(rt: Runtime, number: int) -> None:
    """An analysis that waits."""
    ask(rt, parameters={"seed": number})


def add_prediction(rt: Runtime, number: int) -> None:
    """A prediction of another symbol, up to ten."""
    job = ask(rt, SYMBOLS[number - 1])
    run_job(rt, job, RunLimits(60.0, 4096), worker="test", analyse=SteppedAnalysis())


def add_ladder(rt: Runtime, number: int) -> None:
    """The ladder of a later day."""
    day = DAY + timedelta(days=number)
    with rt.sessions.begin() as session:
        session.add(report_row(session_date=day, opens_at=NOON + timedelta(days=number)))


def add_partition(rt: Runtime, number: int) -> None:
    """A file of ticks, two of them on each day."""
    day, symbol = DAY + timedelta(days=number // 2), SYMBOLS[number % 2]
    path = rt.lake.relative(rt.lake.ticks_file(day, symbol))
    told: dict[str, Any] = {"kind": "ticks", "session_date": day, "symbol": symbol, "timeframe": "", "path": path}
    facts: dict[str, Any] = {"rows": 1, "bytes": 1, "sha256": "0" * 64, "schema_version": 1}
    with rt.sessions.begin() as session:
        session.add(LakeFile(**told, **facts, min_ts=NOON, max_ts=NOON, min_seq=1, max_seq=1, written_at=NOON))


def add_roll(rt: Runtime, number: int) -> None:
    """A change of the contract of ES a day later; they are added in order."""
    at = NOON + timedelta(days=number)
    first = number == 1
    change = Change(
        "first" if first else "switch",
        None if first else f"ES{number - 1}",
        f"ES{number}",
        None if first else at - timedelta(seconds=1),
        at,
    )
    with rt.sessions.begin() as session:
        record_changes(session, "ES", "SCHWAB", [change], lambda _at: DAY, after=number - 1, now=NOON)
