"""Doing the steps of the periodic tick; every one may be done twice without harm."""

import logging
from typing import Final

from app.bus import keys
from app.desk.events import EventKey
from app.errors import Conflict
from app.jobs.claims import end_lost_jobs
from app.jobs.resolving import resolve_due
from app.jobs.scores import score_session
from app.jobs.track_record import note_performance
from app.operations.agreement import compare_sources
from app.operations.alerting.sweep import sweep_alerts
from app.operations.data_checks import check_data
from app.operations.event_keeping import record_plan, record_skip, record_start
from app.operations.event_plan import BeginClose, CloseSession, EventStep, OpenSession, PlanEvent, SkipEvent
from app.operations.loss_folding import fold_losses, fold_published
from app.operations.migrating import days_ahead
from app.operations.opening import open_session
from app.operations.premarket.climbing import do_ladder_step
from app.operations.premarket.ladder_plan import (
    FinishStage,
    JudgeClimb,
    PlanClimb,
    PrepareStage,
    SkipStage,
    VerifyReport,
)
from app.operations.reconciling import RECONCILE
from app.operations.roll_noticing import notice_rolls
from app.operations.silence import note_restart
from app.operations.tick_steps import (
    ApplyRetention,
    CheckData,
    CompareSources,
    DeliverAlerts,
    EndLostJobs,
    ExportStale,
    FoldCounts,
    MakePartitions,
    NoticeRolls,
    Probe,
    PushLake,
    Reconcile,
    ResolvePredictions,
    RestartCollector,
    RunJob,
    ScoreSession,
    StartCollector,
    StartIngest,
    Step,
    SweepAlerts,
    TickPolicy,
    TrimStream,
    UnwantSource,
    WantSource,
)
from app.operations.trimming import trim_stream
from app.operations.wishes import restart, unwant_after_session, want_in_session
from app.stores import Stores
from app.ticks.partitions import ensure_partitions

log = logging.getLogger(__name__)

ASK_AGAIN_S: Final = 60
# A worker that was killed in the middle of a close forgets it: whoever comes after it is told within two ticks.
CLOSE_AGAIN_S: Final = 20
# While the workers are busy the message waits in their queue.
JOB_AGAIN_S: Final = 60
JOB_AGAIN_BUSY_S: Final = 600


def do_step(stores: Stores, policy: TickPolicy, step: Step) -> None:
    """Do a step; errors as of what it does."""
    match step:
        case PlanEvent() | SkipEvent() | OpenSession() | BeginClose() | CloseSession():
            _see_to_event(stores, step)
        case WantSource() | UnwantSource() | RestartCollector():
            _tell_collector(stores, step)
        case TrimStream() | FoldCounts() | MakePartitions() | CheckData() | NoticeRolls() | CompareSources():
            _keep_house(stores, policy, step)
        case RunJob() | EndLostJobs() | ResolvePredictions() | ScoreSession():
            _see_to_analysis(stores, step)
        case PlanClimb() | SkipStage() | PrepareStage() | FinishStage() | VerifyReport() | JudgeClimb():
            do_ladder_step(stores, policy.premarket, step)
        case SweepAlerts():
            sweep_alerts(stores, policy.alerts, stores.clock.now())
        case _:
            _ask(stores, step)


def _see_to_event(stores: Stores, step: EventStep) -> None:
    match step:
        case PlanEvent(key, due_at):
            record_plan(stores, key, due_at)
        case SkipEvent(key, reason):
            record_skip(stores, key, reason)
        case OpenSession(market, day):
            try:
                open_session(stores, market, day)
            except Conflict as busy:
                log.info("%s", busy)
        case BeginClose(market, day):
            if record_start(stores, EventKey(market, day, "close")):
                log.info("%s has closed on %s", market, day)
        case CloseSession(market, day):
            stores.dispatch.close_session(market, day)
            # The message may get lost: it is sent again until the event has ended.
            stores.redis.set(keys.close_asked(market, day), 1, ex=CLOSE_AGAIN_S)


def _tell_collector(stores: Stores, step: WantSource | UnwantSource | RestartCollector) -> None:
    match step:
        case WantSource(source):
            want_in_session(stores, source)
            log.info("%s is wanted: a watched market is open", source)
        case UnwantSource(source):
            unwant_after_session(stores, source)
            log.info("%s is not wanted: every watched market is closed", source)
        case RestartCollector(source):
            restart(stores, source)
            note_restart(stores.redis, source, stores.clock.now())
            log.warning("%s has brought nothing new for a while: its collector is started again", source)


def _keep_house(
    stores: Stores,
    policy: TickPolicy,
    step: TrimStream | FoldCounts | MakePartitions | CheckData | NoticeRolls | CompareSources,
) -> None:
    match step:
        case MakePartitions():
            with stores.sessions.begin() as session:
                made = ensure_partitions(session, days_ahead(stores, policy.partitions_ahead_days))
            log.info("made tick partitions: %s", ", ".join(map(str, sorted(made))))
        case TrimStream():
            trim_stream(stores, policy.resume_window_s, policy.stream_cap)
        case FoldCounts():
            fold_losses(stores)
            fold_published(stores)
        case CheckData():
            check_data(stores)
        case NoticeRolls():
            notice_rolls(stores)
        case CompareSources():
            compare_sources(stores, policy.display)


def _see_to_analysis(stores: Stores, step: RunJob | EndLostJobs | ResolvePredictions | ScoreSession) -> None:
    match step:
        case RunJob(job_id, attempt, urgent):
            stores.dispatch.run_job(job_id, urgent=urgent)
            may_wait = not urgent and stores.redis.exists(keys.busy("analysis"))
            stores.redis.set(keys.job_asked(job_id, attempt), 1, ex=JOB_AGAIN_BUSY_S if may_wait else JOB_AGAIN_S)
        case EndLostJobs():
            with stores.sessions.begin() as session:
                ended = end_lost_jobs(session, stores.clock.now())
            if ended:
                log.warning("analyses ended whose workers were lost: %s", ", ".join(map(str, ended)))
        case ResolvePredictions():
            if resolve_due(stores, stores.clock.now()):
                with stores.sessions.begin() as session:
                    note_performance(session, stores.clock.now())
        case ScoreSession(day):
            with stores.sessions.begin() as session:
                scored = score_session(session, stores.market, day, stores.clock.now())
            log.info("scored the predictions up to the session of %s: %d series", day, scored)


def _ask(
    stores: Stores,
    step: StartCollector | StartIngest | Probe | Reconcile | ApplyRetention | ExportStale | PushLake | DeliverAlerts,
) -> None:
    match step:
        case StartCollector(source):
            stores.dispatch.start_collector(source)
        case StartIngest(slot):
            stores.dispatch.start_ingest(slot)
        case Probe(queue):
            stores.dispatch.probe(queue)
        case Reconcile():
            stores.dispatch.reconcile()
            # The message may get lost: whoever reconciles notes that it was done.
            stores.redis.set(keys.asked(RECONCILE), 1, ex=ASK_AGAIN_S)
        case ApplyRetention():
            stores.dispatch.apply_retention(stores.market.name)
        case ExportStale(market, day):
            stores.dispatch.export_session(market, day)
        case PushLake():
            stores.dispatch.push_lake()
        case DeliverAlerts():
            stores.dispatch.deliver_alerts()
