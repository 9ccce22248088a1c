"""The report of a ladder, made of the best analysis that there is by then."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.clock import instant_text
from app.jobs.models import AnalysisJob
from app.jobs.service import document_of, find_job
from app.operations.premarket.checking import faults_of
from app.operations.premarket.remarks import Gravity, Remark
from app.operations.premarket.tries import BACKUP, JOINT
from app.premarket.definition import Stage, StageKey
from app.premarket.forms import stage_form
from app.premarket.models import PremarketStage
from app.premarket.reports import keep_report
from app.premarket.rows import stage_named, stages_of
from app.reports.premarket import premarket_document

log = logging.getLogger(__name__)

# The stages before the report whose analysis is of all symbols together, the best first.
BEFORE: Final = ("composite", "predictions")


@dataclass(frozen=True)
class Source:
    """An analysis that a report can be made of, and the stage that asked for it."""

    stage: Stage
    job: AnalysisJob
    left_out: Mapping[str, str]


def sources_before(session: Session, key: StageKey) -> list[Source]:
    """The analyses of the stages before the report that are done, the best first."""
    rows = {row.stage: row for row in stages_of(session, key.market, key.day)}
    found = (_source(session, rows[name]) for name in BEFORE if name in rows)
    return sorted((one for one in found if one is not None), key=_worse)


def own_source(row: PremarketStage, done: Mapping[str, AnalysisJob]) -> list[Source]:
    """The report's own analysis, when it is done."""
    return [Source("report", done[JOINT], _left_out(row))] if JOINT in done else []


def make_report(
    session: Session, row: PremarketStage, opens_at: datetime, sources: Sequence[Source], now: datetime
) -> tuple[Source | None, list[Remark]]:
    """Make and keep the report of the best of these analyses that one can be made of; None when there is none.

    The remarks tell what it rests on where that is not the report's own analysis, and which figures cannot be right.
    """
    market, day = row.market, row.session_date
    rows = stages_of(session, market, day)
    remarks: list[Remark] = []
    for source in sorted(sources, key=_worse):
        analysis = document_of(session, source.job.id)
        wanted = _asked_for(session, rows)
        left_out = _told_left_out(analysis, source, rows, wanted)
        try:
            document = premarket_document(
                market=market, day=day, opens_at=opens_at, analysis=analysis, rests_on=source.stage,
                stages=[stage_form(one) for one in rows], left_out=left_out, now=now,
            )  # fmt: skip
            faults = faults_of(analysis, wanted - left_out.keys(), now)
        except Exception as error:
            # Another analysis may do where this one cannot be told.
            log.exception("the report of %s on %s cannot be made of job %d", market, day, source.job.id)
            text = f"no report can be made of the analysis of {source.stage}: {type(error).__name__}, see the log"
            remarks.append(Remark(Gravity.SECOND_BEST, text))
            continue
        asof = source.job.asof or now
        keep_report(session, market, day, document, job_id=source.job.id, asof=asof, now=now)
        doubtful = [Remark(Gravity.DOUBTFUL, f"the report has figures that cannot be right: {one}") for one in faults]
        return source, [*doubtful, *_rests_on(source), *remarks]
    return None, remarks


def _source(session: Session, row: PremarketStage) -> Source | None:
    number = row.jobs.get(JOINT)
    job = None if number is None else find_job(session, number)
    return Source(stage_named(row.stage), job, _left_out(row)) if job is not None and job.status == "done" else None


def _worse(source: Source) -> tuple[bool, bool, bool]:
    """Predictions with all the rest are the best; without the rest they are worse than all the rest without them."""
    return (source.job.kind == "prediction", source.job.kind == BACKUP, source.stage != "report")


def _rests_on(source: Source) -> Iterator[Remark]:
    if source.stage == "report":
        return
    asof = "" if source.job.asof is None else f" as of {instant_text(source.job.asof)[11:16]} UTC"
    text = f"the report rests on the analysis of {source.stage}{asof}, since its own was not to be had"
    yield Remark(Gravity.SECOND_BEST, text)
    if source.job.kind == "prediction":
        yield Remark(Gravity.SECOND_BEST, "the report has predictions alone: no trend, regime, risk or portfolio")


def _left_out(row: PremarketStage) -> Mapping[str, str]:
    told: Mapping[str, str] = row.detail.get("left_out", {})
    return told


def _asked_for(session: Session, rows: Sequence[PremarketStage]) -> set[str]:
    names = {what for row in rows for what in row.jobs if what != JOINT}
    joint = [find_job(session, row.jobs[JOINT]) for row in rows if JOINT in row.jobs]
    return names.union(*(job.symbols for job in joint))


def _told_left_out(
    analysis: Mapping[str, Any], source: Source, rows: Sequence[PremarketStage], wanted: Collection[str]
) -> dict[str, str]:
    """Why symbols are not in an analysis, the source's stage last, which knows best."""
    why_not = f"it was not on the watchlist when {source.stage} was prepared"
    looked_at = next((row.detail["data"] for row in rows if row.stage == source.stage and "data" in row.detail), wanted)
    told = {symbol: why_not for symbol in wanted if symbol not in looked_at}
    told |= {symbol: why for row in rows for symbol, why in _left_out(row).items()}
    return {symbol: why for symbol, why in {**told, **source.left_out}.items() if symbol not in analysis["symbols"]}
