"""The symbols of a stage: whose market's ladder they are on, and which of them earlier stages found unfit."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.question import MOST_SYMBOLS
from app.jobs.models import AnalysisJob, AnalysisResult
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import STAGES, StageKey
from app.premarket.models import PremarketStage
from app.premarket.rows import stage_named, stages_of
from app.stores import Stores

# These are about all symbols together, so that one which is unfit would spoil the others.
JOINT_AT_LAST: Final = ("composite", "report")
REJECTED: Final = "found its data too poor (reject)"


def ladder_symbols(
    stores: Stores, policy: PremarketPolicy, market: str, watched: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The watched symbols of a market's ladder, in their order, and those for which there is no room on it.

    A symbol whose own market has a ladder belongs to that one, all others to the ladder of the desk's market.
    """
    ladders = {market, *(one.market for one in policy.ladders)}
    own = ((symbol, stores.market_of(symbol).name) for symbol in watched if symbol in (policy.only or watched))
    found = [symbol for symbol, name in own if market == (name if name in ladders else stores.market.name)]
    return found[:MOST_SYMBOLS], found[MOST_SYMBOLS:]


def unfit_symbols(session: Session, key: StageKey, symbols: Collection[str]) -> dict[str, str]:
    """Why earlier stages of the day found symbols unfit for a joint judgement; only composite and report ask that.

    A symbol is unfit when every analysis of it alone failed, and when the last that succeeded rejected its data. Where
    that would leave none of the `symbols`, those of rejected data stay: they are held, and somebody is told why.
    """
    if key.stage not in JOINT_AT_LAST:
        return {}
    rows = [
        row for row in stages_of(session, key.market, key.day) if STAGES.index(stage_named(row.stage)) < _place(key)
    ]
    found = {symbol: why for symbol in symbols if (why := _unfitness(session, rows, symbol))}
    if len(found) < len(symbols):
        return found
    return {symbol: why for symbol, why in found.items() if not why.endswith(REJECTED)}


def first_start(session: Session, market: str, day: date) -> datetime | None:
    """When the work at a day's ladder began; None before that."""
    return min((row.started_at for row in stages_of(session, market, day) if row.started_at), default=None)


def _unfitness(session: Session, rows: Sequence[PremarketStage], symbol: str) -> str:
    numbers = {number: row.stage for row in rows for name, number in row.jobs.items() if name in (symbol, "*")}
    results = select(AnalysisResult.job_id, AnalysisResult.verdict).where(
        AnalysisResult.job_id.in_(numbers), AnalysisResult.scope == symbol, AnalysisResult.verdict.is_not(None)
    )
    judged = session.execute(results.order_by(AnalysisResult.id)).all()
    if judged:
        number, verdict = judged[-1]
        return f"{numbers[number]} {REJECTED}" if verdict == "reject" else ""
    alone = [row.jobs[symbol] for row in rows if symbol in row.jobs]
    jobs = session.scalars(select(AnalysisJob).where(AnalysisJob.id.in_(alone)).order_by(AnalysisJob.id)).all()
    if not jobs or any(job.status != "failed" for job in jobs):
        return ""
    return f"its analyses failed: {jobs[-1].error[:160]}"


def _place(key: StageKey) -> int:
    return STAGES.index(key.stage)
