"""Working the rest of a day's ladder by hand, at once and in this process, stage by stage."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from app.errors import NotFound, Unavailable
from app.jobs.models import AnalysisJob
from app.jobs.service import UNFINISHED
from app.operations.premarket.finishing import finish_stage
from app.operations.premarket.hand_lock import by_hand_alone
from app.operations.premarket.hand_plan import HandPlan, WorkStage
from app.operations.premarket.judging import judge_climb
from app.operations.premarket.ladder_plan import JudgeClimb, VerifyReport
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.preparing import prepare_stage
from app.operations.premarket.verifying import verify_report
from app.premarket.definition import StageKey
from app.premarket.models import PremarketStage
from app.premarket.reports import Verdict
from app.premarket.rows import ENDED, find_stage, plan_climb
from app.stores import Stores

# A failed analysis is asked for once more by whoever finishes the stage.
TRIES: Final = 3
# For an analysis that a worker took before this process could.
PAUSE_S: Final = 0.5
PATIENCE_S: Final = 1800.0

Tell = Callable[[str], None]
RunJob = Callable[[int], str]


@dataclass(frozen=True)
class Doing:
    """What is done at each step; `run` works on an analysis and returns what came of it, as `run_job` does."""

    run: RunJob
    prepare: Callable[..., list[int]] = prepare_stage
    finish: Callable[..., str | None] = finish_stage
    verify: Callable[..., None] = verify_report
    judge: Callable[..., Verdict | None] = judge_climb


def climb_by_hand(stores: Stores, policy: PremarketPolicy, plan: HandPlan, doing: Doing, tell: Tell) -> Verdict | None:
    """Do what is planned, one step after the other, and return the verdict; the tick leaves the ladder alone meanwhile.

    Before the open, comparing the cache is left to the tick. Killed, it goes on where it was when it is called again,
    or the tick does. Conflict while another process works the ladder by hand; errors as of what is done.
    """
    market, day = plan.climb.market, plan.climb.day
    verdict: Verdict | None = None
    with by_hand_alone(stores, market, day):
        with stores.sessions.begin() as session:
            plan_climb(session, plan.climb)
        for step in plan.steps:
            match step:
                case WorkStage():
                    _work(stores, policy, step, doing, tell)
                case VerifyReport():
                    doing.verify(stores, market, day)
                    tell("verify: the cache was compared with the database")
                case JudgeClimb():
                    verdict = doing.judge(stores, market, day)
    return verdict


def _work(stores: Stores, policy: PremarketPolicy, step: WorkStage, doing: Doing, tell: Tell) -> None:
    stage = step.key.stage
    tell(f"{stage}: preparing the data")
    doing.prepare(stores, policy, step.key, tell, asof=step.asof, send=False)
    ending: str | None = None
    for attempt in range(1, TRIES + 1):
        if _has_ended(stores, step.key):
            break
        _run_all(stores, step.key, doing.run, tell)
        ending = doing.finish(stores, policy, step.key, gave_up=attempt == TRIES)
        if ending is not None:
            break
    row = _row(stores, step.key)
    reasons = f": {'; '.join(row.reasons)}" if row.reasons else ""
    tell(f"{stage}: {ending or row.status}{reasons}")


def _run_all(stores: Stores, key: StageKey, run: RunJob, tell: Tell) -> None:
    jobs = _unfinished(stores, key)
    for place, (job_id, names) in enumerate(jobs.items(), 1):
        tell(f"{key.stage}: analysis {place} of {len(jobs)}, job {job_id} of {names}")
        outcome = run(job_id)
        if outcome == "left":
            raise Unavailable(f"PostgreSQL went away while job {job_id} ran: call this again")
        if outcome in ("not taken", "lost"):
            _await(stores, key, job_id)


def _await(stores: Stores, key: StageKey, job_id: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while job_id in _unfinished(stores, key):
        if time.monotonic() > until:
            raise Unavailable(f"job {job_id} is at work elsewhere and does not end: see `flask status`")
        time.sleep(PAUSE_S)


def _unfinished(stores: Stores, key: StageKey) -> dict[int, str]:
    numbers = list(_row(stores, key).jobs.values())
    query = select(AnalysisJob.id, AnalysisJob.symbols).where(AnalysisJob.id.in_(numbers)).order_by(AnalysisJob.id)
    with stores.sessions() as session:
        found = session.execute(query.where(AnalysisJob.status.in_(UNFINISHED)))
        return {number: ", ".join(symbols) for number, symbols in found}


def _has_ended(stores: Stores, key: StageKey) -> bool:
    return _row(stores, key).status in ENDED


def _row(stores: Stores, key: StageKey) -> PremarketStage:
    with stores.sessions() as session:
        found = find_stage(session, key)
    if found is None:
        raise NotFound(f"the stage {key.stage} of {key.market} on {key.day} was never planned")
    return found
