from datetime import UTC, datetime, timedelta

import pytest

from app.operations.premarket.remarks import Gravity, Remark
from app.operations.premarket.verdict import FOUND_ANEW, ClimbFacts, Judged, StageFacts, decide_verdict, span_text
from app.premarket.definition import STAGES, Stage
from tests.hours import TICK

OPENS_AT = datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
DUE_AT = OPENS_AT - timedelta(minutes=25)
IN_TIME = DUE_AT - timedelta(minutes=2)
POOR = Remark(Gravity.DATA, "ES: data quality degraded: 2 sessions have no file")


def test_a_report_in_time_of_which_nothing_is_remarked_is_ready() -> None:
    assert judge(made_at=DUE_AT) == Judged("READY")


@pytest.mark.parametrize("gravity", Gravity)
def test_any_remark_on_the_report_makes_it_degraded(gravity: Gravity) -> None:
    assert judge(report={"remarks": [Remark(gravity, "it is so")]}) == Judged("DEGRADED", ("it is so",))


@pytest.mark.parametrize("gravity", set(Gravity) - {*FOUND_ANEW})
def test_a_remark_on_an_earlier_stage_makes_it_degraded(gravity: Gravity) -> None:
    assert judge(composite={"remarks": [Remark(gravity, "it is so")]}) == Judged("DEGRADED", ("composite: it is so",))


@pytest.mark.parametrize("gravity", FOUND_ANEW)
def test_what_a_later_stage_looked_at_anew_counts_of_the_one_that_the_report_rests_on(gravity: Gravity) -> None:
    told = {stage: {"remarks": [Remark(gravity, f"{stage} says so")]} for stage in ("predictions", "composite")}

    assert judge(**told) == Judged("READY")
    assert judge(rests_on="composite", **told).reasons == ("composite: composite says so",)
    assert judge(rests_on="predictions", **told).reasons == ("predictions: predictions says so",)


def test_while_there_is_no_report_the_data_count_of_the_last_stage_that_is_done() -> None:
    told = {stage: {"remarks": [Remark(Gravity.DATA, f"{stage} says so")]} for stage in ("predictions", "composite")}

    judged = judge(made_at=None, now=OPENS_AT, rests_on=None, report={"status": "started"}, **told)

    assert judged.reasons[1:] == ("composite: composite says so",)


def test_what_verifying_finds_before_it_has_ended_counts() -> None:
    judged = judge(verify={"status": "started", "remarks": [Remark(Gravity.DATA, "the cache lost it")]})

    assert judged.reasons == ("verify: the cache lost it",)


def test_of_many_reasons_eleven_are_told_and_how_many_more_there_are() -> None:
    remarks = [Remark(Gravity.DATA, f"reason {number}") for number in range(13)]

    assert judge(report={"remarks": remarks[:12]}).reasons == tuple(one.text for one in remarks[:12])
    assert judge(report={"remarks": remarks}).reasons == (
        *(one.text for one in remarks[:11]),
        "2 more reasons are told by the stages: see `flask premarket status`",
    )


def test_what_the_report_is_remarked_for_needs_no_name_of_a_stage() -> None:
    told = {"remarks": [Remark(Gravity.LEFT_OUT, "ES: its analysis failed")]}

    assert judge(comprehensive=told, report=told).reasons == ("ES: its analysis failed",)
    assert judge(comprehensive=told, patterns=told).reasons == ("comprehensive, patterns: ES: its analysis failed",)


def test_what_a_later_analysis_says_anew_of_its_data_is_told_once() -> None:
    before = [Remark(Gravity.INPUT, f"{names}: 2 sessions have no file") for names in ("ES", "ES, NQ")]
    now = Remark(Gravity.INPUT, "ES: 3 sessions have no file")

    told = judge(patterns={"remarks": [*before, POOR]}, report={"remarks": [now]}).reasons

    assert told == (now.text,)


@pytest.mark.parametrize(("status", "gravity"), [("failed", Gravity.FAILED), ("skipped", Gravity.LATE)])
def test_a_stage_of_which_nothing_came_is_told_with_its_reasons(status: str, gravity: Gravity) -> None:
    judged = judge(patterns={"status": status, "remarks": [POOR]})

    assert judged == Judged("DEGRADED", (f"patterns {status}: {POOR.text}",))


def test_a_stage_that_was_late_is_told() -> None:
    judged = judge(composite={"status": "late", "late_s": 240})

    assert judged == Judged("DEGRADED", ("composite was done 4 min after it was due",))


def test_a_stage_that_has_not_ended_is_told() -> None:
    assert judge(composite={"status": "started"}) == Judged("DEGRADED", ("composite has not ended",))


def test_a_verification_that_is_still_to_come_is_nothing_to_mind() -> None:
    assert judge(verify={"status": "planned"}) == Judged("READY")


def test_a_report_that_is_neither_made_nor_due_has_no_verdict() -> None:
    assert judge(made_at=None, now=DUE_AT, report={"status": "started"}) == Judged(None)


def test_a_report_is_late_from_its_deadline_on_until_the_open() -> None:
    expected = Judged("LATE", ("the report is not made, and was due at 13:05:00 UTC",))

    for now in (DUE_AT + TICK, OPENS_AT - TICK):
        assert judge(made_at=None, now=now, report={"status": "started"}) == expected


def test_a_report_that_is_not_there_at_the_open_is_missing_and_its_stage_says_why() -> None:
    failed = {"status": "failed", "remarks": [Remark(Gravity.FAILED, "its analysis failed twice: out of memory")]}

    judged = judge(made_at=None, now=OPENS_AT, rests_on=None, report=failed, composite={"remarks": [POOR]})

    assert judged == Judged(
        "MISSING",
        (
            "there is no report, and the market has opened",
            "report failed: its analysis failed twice: out of memory",
            f"composite: {POOR.text}",
        ),
    )


def test_a_report_that_was_made_after_its_deadline_stays_late() -> None:
    judged = judge(made_at=DUE_AT + timedelta(seconds=90), now=OPENS_AT, report={"status": "late", "late_s": 90})

    assert judged.verdict == "LATE"
    assert judged.reasons == ("the report was made 90 s after it was due", "report was done 90 s after it was due")


def test_a_report_that_was_made_after_the_open_says_that_there_was_none_then() -> None:
    judged = judge(made_at=OPENS_AT, now=OPENS_AT)

    assert judged == Judged("LATE", ("there was no report at the open: it was made 0 s after that",))


def test_reasons_are_told_once_and_what_hurts_most_first() -> None:
    doubtful, cache, model = (
        Remark(Gravity.DOUBTFUL, "a figure cannot be right"),
        Remark(Gravity.CACHE, "the cache did not have it"),
        Remark(Gravity.MODEL, "ES: held: the model is switched off"),
    )

    judged = judge(
        comprehensive={"status": "skipped", "remarks": [Remark(Gravity.LATE, "nobody saw to it")]},
        predictions={"status": "failed", "remarks": [Remark(Gravity.FAILED, "its analysis failed")]},
        report={"remarks": [POOR, model, doubtful, POOR]},
        verify={"remarks": [cache]},
    )

    assert judged.reasons == (
        doubtful.text,
        "predictions failed: its analysis failed",
        f"verify: {cache.text}",
        model.text,
        POOR.text,
        "comprehensive skipped: nobody saw to it",
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_140, "119 min"), (96_420, "26 h 47 min")]
)
def test_a_span_is_told_in_seconds_while_it_is_short(seconds: int, text: str) -> None:
    assert span_text(timedelta(seconds=seconds)) == text


def judge(
    made_at: datetime | None = IN_TIME,
    now: datetime = OPENS_AT - timedelta(minutes=10),
    rests_on: str | None = "report",
    **told: dict[str, object],
) -> Judged:
    """The verdict on a ladder whose stages are done and unremarked unless told otherwise."""
    stages = [stage_facts(stage, **told.get(stage, {})) for stage in STAGES]
    return decide_verdict(ClimbFacts(OPENS_AT, DUE_AT, made_at, stages, rests_on), now)


def stage_facts(stage: Stage, **told: object) -> StageFacts:
    return StageFacts(**{"stage": stage, "status": "done", **told})
