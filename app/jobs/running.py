"""Working on a job from its claim to its end, whatever happens on the way."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeVar

from structlog.contextvars import bound_contextvars

from app.analysis.document import Analysis
from app.analysis.inputs import SymbolInput
from app.analysis.question import Question
from app.errors import ThorError
from app.jobs.claims import Claim, claim_job, end_job
from app.jobs.giving_way import send_those_that_wait
from app.jobs.inputs import find_inputs
from app.jobs.ledger import present_model
from app.jobs.models import AnalysisJob, PredictionModel
from app.jobs.outages import is_outage
from app.jobs.results import keep_analysis
from app.jobs.track_record import degraded_in, read_records, told_of
from app.jobs.watching import Ending, RunLimits, Stopped, Watch, write_end
from app.lake.layout import Lake
from app.metrics.families import JOB_DURATION
from app.metrics.recording import observe
from app.stores import Stores

log = logging.getLogger(__name__)

# Between tries to read and to write while PostgreSQL is away.
PAUSES_S: Final = (1.0, 3.0, 9.0)
_COUNTED: Final = ("ticks", "cache_hits", "cache_misses")
Result = TypeVar("Result")
Outcome = Literal["done", "failed", "cancelled", "gave way", "not taken", "lost", "left"]


class Analyse(Protocol):
    """The analysis, as `app.analysis.engine` has it."""

    def __call__(
        self,
        question: Question,
        inputs: Sequence[SymbolInput],
        lake: Lake,
        asof: datetime,
        *,
        cache: Any = None,
        model_enabled: bool = True,
        degraded: Collection[tuple[str, str]] = (),
        say: Callable[[str, float], None],
    ) -> Analysis:
        """What there is to say to a question as of an instant; `say` may raise to stop it."""


@dataclass(frozen=True)
class Work:
    """A job that was claimed, and what is needed to work on it."""

    claim: Claim
    question: Question
    asof: datetime
    inputs: Sequence[SymbolInput]
    model: PredictionModel
    degraded: Collection[tuple[str, str]]
    track_record: Mapping[str, Any]


def run_job(
    stores: Stores,
    job_id: int,
    limits: RunLimits,
    *,
    worker: str,
    cache: Any = None,
    analyse: Analyse | None = None,
    end_process: Callable[[], None] | None = None,
    pauses_s: Sequence[float] = PAUSES_S,
) -> Outcome:
    """Work on a job unless somebody does or it is finished, and return what came of it.

    `failed` has its reason in the job's row. `left`: PostgreSQL was away for longer than all of `pauses_s`, after each
    of which it is asked again; the job is taken up once its worker counts as lost. `lost`: that has happened to this
    one, and nothing was written. `gave way`: an urgent job waited, and this one waits again; only a worker's process,
    which has an `end_process`, does so.
    """
    try:
        claimed = _patiently(lambda: _claimed(stores, job_id, limits, worker), pauses_s)
    except Exception as error:
        return _left(job_id, error)
    if claimed is None:
        return "not taken"
    began_s, claim = time.perf_counter(), Claim(claimed.id, claimed.attempt)
    with bound_contextvars(job_id=job_id):
        log.info("job %d begins: %s of %s", job_id, claimed.kind, ", ".join(claimed.symbols))
        with Watch(stores.sessions, stores.clock, claim, limits, end_process) as watch:
            outcome = _worked(stores, claimed, claim, watch, analyse, cache, pauses_s)
        took_s = time.perf_counter() - began_s
        log.info("job %d is %s after %.1f s", job_id, outcome, took_s)
    observe(JOB_DURATION, took_s, claimed.kind, outcome)
    return outcome


def question_of(job: AnalysisJob) -> Question:
    """The question that a job asks."""
    return Question.model_validate(
        {
            "kind": job.kind,
            "symbols": job.symbols,
            "start": job.start_date,
            "end": job.end_date,
            "parameters": job.parameters,
        }
    )


def _worked(
    stores: Stores,
    claimed: AnalysisJob,
    claim: Claim,
    watch: Watch,
    analyse: Analyse | None,
    cache: Any,
    pauses_s: Sequence[float],
) -> Outcome:
    try:
        work = _patiently(lambda: _prepared(stores, claimed, claim), pauses_s)
        found = _analysed(stores, work, analyse or _engine(), cache, watch)
        return _patiently(lambda: _keep(stores, work, found, watch), pauses_s)
    except Stopped as stopped:
        return _end(stores, claim, stopped.ending, watch, pauses_s)
    except Exception as error:
        if is_outage(error):
            return _left(claimed.id, error)
        return _end(stores, claim, Ending("failed", _reason(claimed.id, error)), watch, pauses_s)


def _claimed(stores: Stores, job_id: int, limits: RunLimits, worker: str) -> AnalysisJob | None:
    with stores.sessions.begin() as session:
        return claim_job(session, job_id, worker, stores.clock.now(), limits.lost_after)


def _prepared(stores: Stores, job: AnalysisJob, claim: Claim) -> Work:
    question, now = question_of(job), stores.clock.now()
    asof = job.asof or now
    with stores.sessions.begin() as session:
        model = present_model(session, now)
        inputs = find_inputs(session, stores, question, asof)
        records = read_records(session, model.id, question.symbols)
    return Work(claim, question, asof, inputs, model, degraded_in(records), told_of(records, now))


def _analysed(stores: Stores, work: Work, analyse: Analyse, cache: Any, watch: Watch) -> Analysis:
    watch.say("reading", 0.0)
    found = analyse(
        work.question,
        work.inputs,
        stores.lake,
        work.asof,
        cache=cache,
        model_enabled=work.model.enabled,
        degraded=work.degraded,
        say=watch.say,
    )
    watch.say("keeping", 1.0)
    return found


def _engine() -> Analyse:
    # It loads the numeric libraries, which whoever only asks for jobs does without.
    from app.analysis.engine import analyse

    return analyse


def _keep(stores: Stores, work: Work, found: Analysis, watch: Watch) -> Outcome:
    now = stores.clock.now()
    counted = {name: found.work[name] for name in _COUNTED if name in found.work}
    with stores.sessions.begin() as session:
        # First, so that nobody else can end the job any more, and nothing is added to one that is another's.
        if not end_job(session, work.claim, "done", now, resources={**watch.taken(), **counted}):
            return "lost"
        keep_analysis(session, work.claim.job_id, found, work.model, work.track_record, now)
    return "done"


def _end(stores: Stores, claim: Claim, ending: Ending, watch: Watch, pauses_s: Sequence[float]) -> Outcome:
    def write() -> bool:
        with stores.sessions.begin() as session:
            return write_end(session, claim, ending, stores.clock.now(), watch.taken())

    try:
        if not _patiently(write, pauses_s):
            return "lost"
    except Exception as error:
        return _left(claim.job_id, error)
    if ending.status != "pending":
        return ending.status
    send_those_that_wait(stores, claim.job_id)
    return "gave way"


def _left(job_id: int, error: Exception) -> Outcome:
    if not is_outage(error):
        raise error
    log.warning("job %d is left for later, PostgreSQL is away: %s", job_id, _first_line(error))
    return "left"


def _patiently(do: Callable[[], Result], pauses_s: Sequence[float]) -> Result:
    # What took minutes to work out is worth some seconds of patience with a server that is started again.
    for pause_s in pauses_s:
        try:
            return do()
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("PostgreSQL is away: %s", _first_line(error))
        time.sleep(pause_s)
    return do()


def _reason(job_id: int, error: Exception) -> str:
    if isinstance(error, ThorError):
        return str(error)
    log.error("job %d failed", job_id, exc_info=error)
    return f"an error of Thor's own ({type(error).__name__}): see the log, job {job_id}"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
