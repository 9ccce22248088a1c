from datetime import timedelta

import pytest

from app.operations.alerting.checks import late_seconds, tell_ladder
from app.operations.alerting.ladders import Climbing, late_stage, missing_lines
from app.premarket.models import PremarketReport, PremarketStage
from tests.factories import DAY, MOMENT

OPENS = MOMENT
MINUTE = timedelta(minutes=1)
BEFORE = {"comprehensive": 180, "composite": 60, "report": 30}
AT_OPEN = {"verify": 0}


@pytest.mark.parametrize(
    ("status", "after_s", "is_late"),
    [
        ("planned", 0, False),
        ("planned", 1, True),
        ("started", 1, True),
        ("failed", 1, True),
        ("skipped", 1, True),
        ("done", 1, False),
        ("late", 1, False),
    ],
)
def test_a_stage_is_late_from_its_deadline_on_until_it_is_done(status: str, after_s: int, is_late: bool) -> None:
    composite = stage("composite", status=status, reasons=["because"])

    found = late_stage(ladder(composite), composite.deadline_at + after_s * timedelta(seconds=1))

    assert (found is not None) == is_late
    if found is not None:
        assert found.subject == "CME_Futures 2025-10-09 composite"
        assert "is late since 15:00:00 UTC" in found.detail


def test_of_the_analysis_and_the_report_the_last_that_is_due_is_missed() -> None:
    stages = [stage(name) for name in BEFORE]

    found = [late_stage(ladder(*stages), OPENS - minutes * MINUTE) for minutes in (31, 29, 24)]

    assert [None if one is None else one.facts["stage"] for one in found] == [None, "composite", "report"]


def test_a_report_that_the_verdict_calls_missing_is_not_late_as_well() -> None:
    assert late_stage(ladder(stage("report"), verdict="MISSING", reasons=["none"]), OPENS) is None


def test_a_ladder_whose_open_the_calendar_has_lost_is_not_late() -> None:
    skipped = [stage(name, status="skipped", reasons=["no open"]) for name in BEFORE]

    assert late_stage(ladder(*skipped, stage("verify", status="skipped", reasons=["no open"])), OPENS) is None


def test_a_composite_is_not_missed_once_there_is_a_report() -> None:
    made = ladder(stage("composite", status="failed", reasons=["no data"]), made_at=OPENS - 25 * MINUTE)

    assert late_stage(made, OPENS) is None


def test_why_a_stage_is_late_is_told() -> None:
    failed = late_stage(ladder(stage("composite", status="failed", reasons=["no data", "no luck"])), OPENS)
    waits = late_stage(ladder(stage("report")), OPENS)

    assert failed is not None and waits is not None
    assert "it failed: no data; no luck" in failed.detail
    assert "it has not begun" in waits.detail
    assert (failed.facts["late_s"], waits.facts["late_s"]) == (30 * 60, 25 * 60)


def test_what_the_newest_stage_that_is_prepared_does_without_is_missing() -> None:
    old = stage("comprehensive", detail={"missing": ["ES: 3 days"], "left_out": {"NQ": "no ticks"}})
    new = stage("composite", detail={"missing": ["ES: 1 day"], "left_out": {"CL": "no ticks"}})
    unprepared = stage("report")

    assert missing_lines([old, unprepared]) == ["NQ is left out: no ticks", "ES: 3 days"]
    assert missing_lines([old, new, unprepared]) == ["CL is left out: no ticks", "ES: 1 day"]
    assert missing_lines([old, stage("composite", detail={"missing": []})]) == []
    assert missing_lines([unprepared]) == []


def test_how_a_ladder_stands_is_its_verdict_else_the_stage_that_is_due() -> None:
    report = stage("report")

    assert tell_ladder(ladder(report), OPENS - 40 * MINUTE) == "report is planned at 15:00 UTC"
    assert tell_ladder(ladder(report), OPENS - 28 * MINUTE) == "report is planned"
    assert tell_ladder(ladder(report), OPENS - 24 * MINUTE) == "report is planned, late by 60 s"
    assert tell_ladder(ladder(report, verdict="DEGRADED", reasons=["a", "b"]), OPENS) == "DEGRADED: a; b"
    assert tell_ladder(ladder(stage("report", status="done", done_at=OPENS)), OPENS) == "no verdict yet"


def test_lateness_is_counted_up_to_the_end_of_a_stage_and_of_none_that_lies_ahead() -> None:
    ended = stage("composite", status="late", done_at=OPENS, late_s=70)
    waits = stage("report")

    assert late_seconds([ladder(ended, waits)], OPENS - 24 * MINUTE) == {
        ("CME_Futures", "composite"): 70,
        ("CME_Futures", "report"): 60,
    }
    assert late_seconds([ladder(waits)], OPENS - 31 * MINUTE) == {}


def stage(name: str, **told: object) -> PremarketStage:
    planned = OPENS - (BEFORE | AT_OPEN)[name] * MINUTE
    takes = 5 * MINUTE if name == "report" else 30 * MINUTE
    known = {
        "market": "CME_Futures", "session_date": DAY, "stage": name, "status": "planned", "planned_at": planned,
        "deadline_at": planned + takes, "reasons": [], "jobs": {}, "detail": {},
    }  # fmt: skip
    if told.get("status") in ("done", "late", "failed", "skipped"):
        known["done_at"] = OPENS
    return PremarketStage(**(known | told))


def ladder(*stages: PremarketStage, **told: object) -> Climbing:
    known = {"market": "CME_Futures", "session_date": DAY, "opens_at": OPENS, "reasons": []}
    return Climbing(PremarketReport(**(known | told)), stages)
