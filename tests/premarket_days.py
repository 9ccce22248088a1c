"""Ladders and reports of made days, for those who test what shows them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.premarket.definition import AHEAD, STAGES, Ladder, StageKey, climb_on
from app.premarket.models import PremarketReport, PremarketStage
from app.premarket.reports import keep_report, set_verdict
from app.premarket.rows import end_stage, plan_climb, start_stage
from app.reports.premarket import premarket_document
from app.stores import Stores
from tests import documents

MARKET, DAY = "CME_Futures", date(2025, 10, 9)
OPENS = datetime(2025, 10, 9, 13, 30, tzinfo=UTC)
ASOF = "2025-10-09T13:00:00.000000Z"
UNTIL = "2025-10-09T14:00:00.000000Z"


def stage_row(stage: str = "composite", **told: Any) -> PremarketStage:
    """A stage that is planned an hour before the open."""
    known: dict[str, Any] = {
        "market": MARKET,
        "session_date": DAY,
        "stage": stage,
        "planned_at": OPENS - timedelta(hours=1),
        "deadline_at": OPENS - timedelta(minutes=30),
        "status": "planned",
        "reasons": [],
        "jobs": {},
        "detail": {},
    }
    return PremarketStage(**(known | told))


def report_row(**told: Any) -> PremarketReport:
    """What a ladder came to of which nothing is known yet."""
    known: dict[str, Any] = {"market": MARKET, "session_date": DAY, "opens_at": OPENS, "reasons": [], "sha256": ""}
    return PremarketReport(**(known | told))


def advised(symbol: str = "ES", action: str = "BUY", contracts: int = 3, cap: float | None = 4.0) -> dict[str, Any]:
    """The tree of a symbol with a signal that holds at the open; `cap` is that of the value at risk."""
    tree = documents.symbol_tree()
    tested = {"brier_skill": documents.figure(0.012, 600, p_value=0.001), "hit_rate": documents.figure(0.55, 600)}
    tree["recommendation"] |= {"action": action, "reason_code": "", "reason": "", "valid_until": UNTIL}
    tree["recommendation"] |= {"strength": 0.1, "confidence": documents.figure(0.55, 600), "out_of_sample": tested}
    risk = documents.figure(cap, 300) if cap is not None else documents.missing(30, "30 sessions, 270 needed")
    signed = -contracts if action == "SELL" else contracts
    tree["sizing"] = {
        "contracts": documents.figure(signed, 300, unit="contracts", label=f"{contracts} {symbol}, bound by kelly"),
        "micro": documents.missing(300, "the position is told in whole contracts"),
        "caps": {"kelly": documents.figure(3.5, 300), "value_at_risk": risk},
    }
    return tree


def analysis_of(**trees: Any) -> dict[str, Any]:
    """The document of an analysis of these symbols, with a limit of 2,000."""
    parameters = {"equity": 100_000, "var_limit": 0.02}
    return documents.document(asof=ASOF, symbols=trees, question={"kind": "full", "parameters": parameters})


def report_of(analysis: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    """The report that rests on an analysis."""
    known: dict[str, Any] = {"rests_on": "report", "stages": [], "left_out": {}, "now": OPENS - timedelta(minutes=27)}
    return premarket_document(market=MARKET, day=DAY, opens_at=OPENS, analysis=analysis, **(known | told))


def climbed(
    stores: Stores,
    day: date = DAY,
    *,
    job_id: int | None = None,
    ended: Sequence[str] = STAGES,
    verdict: str | None = "READY",
    reasons: Sequence[str] = (),
) -> dict[str, Any] | None:
    """Record the ladder of a day, of which some stages are done in time; the report where its stage is among them."""
    climb = climb_on(Ladder(MARKET), stores.markets.named(MARKET), day)
    assert climb is not None
    made, document = climb.opens_at - timedelta(minutes=27), None
    with stores.sessions.begin() as session:
        plan_climb(session, climb)
        for rung in climb.rungs:
            if rung.stage in ended:
                key = StageKey(MARKET, day, rung.stage)
                start_stage(session, key, rung.planned_at, rung.planned_at)
                end_stage(session, key, rung.planned_at + timedelta(minutes=1), "done")
        if AHEAD[-1] in ended:
            document = report_of(analysis_of(ES=advised()))
            keep_report(session, MARKET, day, document, job_id=job_id, asof=made, now=made)
        if verdict is not None:
            set_verdict(session, MARKET, day, verdict, reasons)
    return document
