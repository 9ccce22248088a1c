"""A day's ladder, its stages at work, and the analyses that they asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from app.alerts.rules import Condition
from app.jobs.models import AnalysisJob, AnalysisResult
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import STAGES, Ladder, Stage, StageKey, climb_on
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.reports import find_report
from app.premarket.rows import PREPARED, end_stage, find_stage, note_stage, plan_climb, start_stage
from app.stores import Stores
from tests.documents import document, symbol_tree

MARKET, DAY = "CME_Futures", date(2026, 3, 9)
OPENS_AT = datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
CLOSES_AT = datetime(2026, 3, 9, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = PremarketPolicy((Ladder(MARKET),))
_HASHES = count(1)


@dataclass
class Alerts:
    """Keeps what it was told to raise."""

    told: list[Condition] = field(default_factory=list)

    def __call__(self, _session: Session, condition: Condition, _now: datetime) -> None:
        """Keep the condition."""
        self.told.append(condition)

    @property
    def rules(self) -> list[str]:
        """The rules, in order."""
        return [condition.rule for condition in self.told]


def key(stage: Stage) -> StageKey:
    """A stage of the day."""
    return StageKey(MARKET, DAY, stage)


def planned(stores: Stores) -> None:
    """Plan the day's ladder."""
    climb = climb_on(Ladder(MARKET), stores.markets.named(MARKET), DAY)
    assert climb is not None
    with stores.sessions.begin() as session:
        plan_climb(session, climb)


def at_work(
    stores: Stores, stage: Stage, jobs: Mapping[str, int], *, reasons: Sequence[str] = (), **detail: Any
) -> None:
    """Begin a stage that has asked for these jobs."""
    now = stores.clock.now()
    with stores.sessions.begin() as session:
        assert start_stage(session, key(stage), now, now)
        assert note_stage(session, key(stage), jobs=jobs, reasons=reasons, detail={PREPARED: str(now), **detail})


def done(stores: Stores, stages: Sequence[Stage] = STAGES[:4], jobs: Mapping[Stage, int] | None = None) -> None:
    """End stages in time, with the joint job of some."""
    with stores.sessions.begin() as session:
        for stage in stages:
            row = find_stage(session, key(stage))
            assert row is not None
            start_stage(session, key(stage), row.planned_at, row.planned_at)
            note_stage(session, key(stage), jobs={"*": jobs[stage]} if jobs and stage in jobs else {})
            end_stage(session, key(stage), row.deadline_at, "done")


def job(stores: Stores, kind: str = "full", symbols: Sequence[str] = ("ES", "CL"), **told: Any) -> int:
    """The number of a job that waits unless told otherwise."""
    now = stores.clock.now()
    known = {
        "kind": kind, "symbols": list(symbols), "start_date": DAY - timedelta(days=30), "end_date": DAY, "asof": now,
        "parameters": {}, "request_hash": f"{next(_HASHES):064}", "requested_by": "premarket", "created_at": now,
    }  # fmt: skip
    with stores.sessions.begin() as session:
        row = AnalysisJob(**{**known, **told})
        session.add(row)
        session.flush()
        return row.id


def failed_job(stores: Stores, error: str = "out of memory", **told: Any) -> int:
    """The number of a job that failed."""
    return job(stores, status="failed", error=error, finished_at=stores.clock.now(), **told)


def done_job(
    stores: Stores,
    kind: str = "full",
    symbols: Sequence[str] = ("ES", "CL"),
    *,
    results: Mapping[str, Mapping[str, Any]] | None = None,
    inputs: Mapping[str, Any] | None = None,
    tree: Mapping[str, Any] | None = None,
) -> int:
    """The number of a job with results; `results` are columns by symbol that are not the usual ones."""
    now = stores.clock.now()
    number = job(stores, kind, symbols, status="done", progress=1.0, finished_at=now)
    fill_results(stores, number, symbols, results=results, inputs=inputs, tree=tree)
    return number


def finish_job(stores: Stores, number: int) -> None:
    """Have a job that waits be done."""
    with stores.sessions.begin() as session:
        row = session.get_one(AnalysisJob, number)
        row.status, row.progress, row.finished_at = "done", 1.0, stores.clock.now()
        symbols = list(row.symbols)
    fill_results(stores, number, symbols)


def fill_results(
    stores: Stores,
    number: int,
    symbols: Sequence[str],
    *,
    results: Mapping[str, Mapping[str, Any]] | None = None,
    inputs: Mapping[str, Any] | None = None,
    tree: Mapping[str, Any] | None = None,
) -> None:
    """Give a job results for symbols, and for the whole."""
    now = stores.clock.now()
    whole = {**document(symbols={}), "inputs": inputs or {}}
    with stores.sessions.begin() as session:
        session.add(AnalysisResult(job_id=number, scope="*", asof=now, created_at=now, document=whole))
        for symbol in symbols:
            usual = {"action": "HOLD", "reason_code": "no_skill", "confidence": 0.5, "verdict": "ok"}
            columns = {**usual, **(results or {}).get(symbol, {})}
            found = dict(tree or symbol_tree())
            session.add(
                AnalysisResult(job_id=number, scope=symbol, asof=now, created_at=now, document=found, **columns)
            )


def stage_row(stores: Stores, stage: Stage) -> PremarketStage:
    """A stage as it is recorded."""
    with stores.sessions() as session:
        row = find_stage(session, key(stage))
    assert row is not None
    return row


def report_row(stores: Stores) -> PremarketReport:
    """What the day came to as it is recorded."""
    with stores.sessions() as session:
        row = find_report(session, MARKET, DAY)
    assert row is not None
    return row


def job_row(stores: Stores, number: int) -> AnalysisJob:
    """A job as it is recorded."""
    with stores.sessions() as session:
        return session.get_one(AnalysisJob, number)
