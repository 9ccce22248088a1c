"""The end of a stage: what its analyses came to, and the report that the last of them make."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.alerts.store import raise_alert
from app.errors import Unavailable
from app.operations.premarket.failing import Alert, fail_stage, untold
from app.operations.premarket.findings import Found, found_by
from app.operations.premarket.judging import say_verdict, settle_verdict
from app.operations.premarket.ladder_plan import ends_at
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.remarks import (
    GRAVITY,
    RESTS_ON,
    Gravity,
    Remark,
    gravities,
    in_order,
    left_out_lines,
    remarks_of,
)
from app.operations.premarket.report_cache import cache_report
from app.operations.premarket.report_making import Source, make_report, own_source, sources_before
from app.operations.premarket.tries import BACKUP, FAILURES, JOINT, Tries, give_up, tries_of, try_again
from app.operations.premarket.verdict import Judged
from app.premarket.definition import StageKey
from app.premarket.models import PremarketStage
from app.premarket.reports import find_report
from app.premarket.rows import PREPARED, end_stage, find_stage, note_stage, start_stage
from app.stores import Stores

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Work:
    """A stage that is worked at, locked, and what is needed to end it; `before` is for the report alone."""

    session: Session
    key: StageKey
    row: PremarketStage
    opens_at: datetime
    now: datetime
    before: Sequence[Source]

    @property
    def is_patient(self) -> bool:
        """Whether only the stage's own analysis can make a report, for which a late one is better than none."""
        return self.key.stage == "report" and not self.before and self.now < self.opens_at

    @property
    def ends_at(self) -> datetime:
        """Until when what failed is asked for once more."""
        return self.opens_at if self.is_patient else ends_at(self.key.stage, self.row.deadline_at, self.opens_at)

    @property
    def has_backup(self) -> bool:
        """Whether what fails is asked for without predictions: not where an analysis with predictions is at hand."""
        is_joint = self.key.stage in ("composite", "report")
        return is_joint and not any(source.job.kind == "full" for source in self.before)


def finish_stage(
    stores: Stores, policy: PremarketPolicy, key: StageKey, *, gave_up: bool = False, alert: Alert = raise_alert
) -> str | None:
    """End a stage whose analyses are finished, and return how: `done`, `late` or `failed`; None when it goes on.

    An analysis that failed is asked for once more where there is time. With `gave_up` those that are not finished are
    cancelled, and the stage makes do with the others. The report is put together from its own analysis, else from that
    of the newest stage before it that has one; while there is none it goes on until the open. It is kept and put into
    the cache. Everything is recorded at once or not at all, so that it can be done again at any time.
    """
    judged: tuple[Judged, bool] = Judged(None), False
    ended, tries = None, None
    with stores.sessions.begin() as session:
        work = _work(session, key, stores.clock.now(), gave_up)
        if work is None:
            return None
        tries = _tried(stores, work, gave_up)
        if tries is not None and not tries.is_waiting:
            ended = _end(work, tries, policy, alert)
        if ended is not None and key.stage == "report":
            judged = settle_verdict(session, key.market, key.day, work.now)
    _after(stores, key, tries, ended, judged)
    return ended


def _work(session: Session, key: StageKey, now: datetime, gave_up: bool) -> _Work | None:
    report = find_report(session, key.market, key.day)
    before = sources_before(session, key) if key.stage == "report" else []
    if gave_up and before:
        # Nobody prepared it, and what was analysed before has to do.
        start_stage(session, key, now, now)
    row = find_stage(session, key, lock=True)
    if report is None or row is None or row.status != "started":
        return None
    if PREPARED not in row.detail and not gave_up:
        return None
    return _Work(session, key, row, report.opens_at, now, before)


def _tried(stores: Stores, work: _Work, gave_up: bool) -> Tries | None:
    """The tries of the stage once nothing more is to be asked for or cancelled; None while it has to be prepared."""
    tries = tries_of(work.session, work.row)
    if PREPARED not in work.row.detail and work.is_patient:
        return None
    if gave_up and not work.is_patient:
        give_up(work.session, tries, work.now)
    elif work.now < work.ends_at:
        name = f"premarket/{work.key.market}/{work.key.day}/{work.key.stage}"
        try_again(work.session, stores.market, tries, work.now, name=name, backup=work.has_backup)
    if tries.numbers != work.row.jobs or tries.failures != work.row.detail.get(FAILURES, []):
        detail = {**work.row.detail, FAILURES: list(tries.failures)}
        note_stage(work.session, work.key, jobs=tries.numbers, detail=detail)
        work.session.refresh(work.row)
    return tries


def _end(work: _Work, tries: Tries, policy: PremarketPolicy, alert: Alert) -> str | None:
    found = found_by(work.session, list(tries.done.values()), policy.preferred)
    told: dict[str, Any] = {"symbols": dict(found.symbols)}
    made, remarks = bool(tries.done), list(_remarks(work, tries, found))
    if work.key.stage == "report":
        sources = [*own_source(work.row, tries.done), *work.before]
        source, more = make_report(work.session, work.row, work.opens_at, sources, work.now)
        if source is None and work.now < work.opens_at:
            return None
        made, remarks = source is not None, [*more, *remarks]
        told[RESTS_ON] = None if source is None else source.stage
    if not tries.jobs:
        remarks.append(Remark(Gravity.FAILED, "its analyses were not asked for in time"))
    remarks = in_order(remarks)
    detail = {**work.row.detail, **told, GRAVITY: gravities(remarks)}
    return _close(work, made, [remark.text for remark in remarks], detail, alert)


def _close(work: _Work, made: bool, reasons: list[str], detail: dict[str, Any], alert: Alert) -> str | None:
    if made:
        end_stage(work.session, work.key, work.now, "done", reasons=reasons, detail=detail)
    else:
        told = untold if work.key.stage == "report" else alert
        fail_stage(work.session, work.key, work.now, reasons, told, detail=detail)
    work.session.refresh(work.row)
    return work.row.status


def _remarks(work: _Work, tries: Tries, found: Found) -> Iterator[Remark]:
    """What preparing noted, what failed in the end, and what is to be minded of the rest."""
    left_out = left_out_lines(work.row.detail.get("left_out", {}))
    for remark in remarks_of(work.row.reasons, work.row.detail):
        yield Remark(Gravity.LEFT_OUT, remark.text) if remark.text in left_out else remark
    for what, job in tries.jobs.items():
        yield from _failed(tries, what, job.kind, job.status == "done")
    yield from found.remarks


def _failed(tries: Tries, what: str, kind: str, is_done: bool) -> Iterator[Remark]:
    failures = tries.failures_of(what)
    if not failures:
        return
    error, subject = failures[-1]["error"], "its" if what == JOINT else f"{what}: its"
    if not is_done:
        gravity = Gravity.FAILED if what == JOINT else Gravity.LEFT_OUT
        twice = " twice" if len(failures) == 2 else f" {len(failures)} times" if len(failures) > 2 else ""
        yield Remark(gravity, f"{subject} analysis failed{twice}: {error}")
    elif kind == BACKUP:
        yield Remark(Gravity.SECOND_BEST, f"the prediction failed: {error}; this is the backup without predictions")


def _after(stores: Stores, key: StageKey, tries: Tries | None, ended: str | None, judged: tuple[Judged, bool]) -> None:
    """What follows the commit; where it is not come to, the tick sees to it."""
    for number in [] if tries is None else tries.new:
        try:
            stores.dispatch.run_job(number, urgent=True)
        except Unavailable as away:
            log.warning("job %d is sent later: %s", number, away)
    if ended is not None:
        level = logging.INFO if ended == "done" else logging.WARNING
        log.log(level, "%s: %s of %s is %s", key.market, key.stage, key.day, ended)
    if key.stage == "report" and ended in ("done", "late"):
        _cache(stores, key)
    if judged[1]:
        say_verdict(key.market, key.day, judged[0])


def _cache(stores: Stores, key: StageKey) -> None:
    with stores.sessions() as session:
        report = find_report(session, key.market, key.day)
    try:
        if report is not None:
            cache_report(stores, report)
    except Unavailable as away:
        log.warning("the report of %s on %s is not in the cache yet: %s", key.market, key.day, away)
